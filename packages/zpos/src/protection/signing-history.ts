/**
 * What keys have signed, and whether they may sign more (EIP-3076, "Conditions"). Two implementations of one interface: the
 * complete history, and the three highest values alone, which refuse a little more and never grow.
 */
import type { KeyHistory, SignedAttestation, SignedBlock } from './interchange.ts'

/** The history of one key. */
export interface SigningHistory {
  /** Why a block must not be signed; undefined if it may. */
  faultOfBlock(block: SignedBlock): string | undefined
  faultOfAttestation(attestation: SignedAttestation): string | undefined
  addBlock(block: SignedBlock): void
  addAttestation(attestation: SignedAttestation): void
  /** What an interchange file says about this key. */
  export(pubkey: string): KeyHistory
}

const least = (values: Iterable<bigint>): bigint | undefined => {
  let least: bigint | undefined
  for (const value of values) if (least === undefined || value < least) least = value
  return least
}

/** Keeps every record. */
export function createCompleteHistory(): SigningHistory {
  const blocks = new Map<bigint, (string | undefined)[]>()
  const attestations: SignedAttestation[] = []
  return {
    faultOfBlock({ slot, signingRoot }) {
      const same = blocks.get(slot)
      if (same !== undefined) {
        if (signingRoot !== undefined && same.every((root) => root === signingRoot)) return undefined
        return `another block of slot ${slot} was signed`
      }
      const lowest = least(blocks.keys())
      return lowest !== undefined && slot <= lowest
        ? `slot ${slot} is not above the lowest one signed, ${lowest}`
        : undefined
    },
    faultOfAttestation({ source, target, signingRoot }) {
      if (source > target) return `source ${source} is above target ${target}`
      const same = attestations.filter((other) => other.target === target)
      if (same.some((other) => signingRoot === undefined || other.signingRoot !== signingRoot)) {
        return `another attestation of target ${target} was signed`
      }
      for (const other of attestations) {
        if (other.source < source && target < other.target) return `surrounded by ${other.source} → ${other.target}`
        if (source < other.source && other.target < target) return `surrounds ${other.source} → ${other.target}`
      }
      if (same.length > 0) return undefined
      const lowestSource = least(attestations.map((other) => other.source))
      if (lowestSource !== undefined && source < lowestSource) return `source ${source} is below the lowest one signed`
      const lowestTarget = least(attestations.map((other) => other.target))
      if (lowestTarget !== undefined && target <= lowestTarget)
        return `target ${target} is not above the lowest one signed`
      return undefined
    },
    addBlock({ slot, signingRoot }) {
      const same = blocks.get(slot) ?? []
      if (!same.includes(signingRoot)) same.push(signingRoot)
      blocks.set(slot, same)
    },
    addAttestation(attestation) {
      const known = attestations.some(
        ({ source, target, signingRoot }) =>
          source === attestation.source && target === attestation.target && signingRoot === attestation.signingRoot,
      )
      if (!known) attestations.push(attestation)
    },
    export: (pubkey) => ({
      pubkey,
      blocks: [...blocks].flatMap(([slot, roots]) => roots.map((signingRoot) => ({ slot, signingRoot }))),
      attestations: [...attestations],
    }),
  }
}

/** Keeps the highest slot, source and target. */
export function createMinimalHistory(): SigningHistory {
  let slot: bigint | undefined
  let source: bigint | undefined
  let target: bigint | undefined
  const higher = (a: bigint | undefined, b: bigint): bigint => (a === undefined || b > a ? b : a)
  return {
    faultOfBlock: (block) =>
      slot !== undefined && block.slot <= slot
        ? `slot ${block.slot} is not above the highest one signed, ${slot}`
        : undefined,
    faultOfAttestation(attestation) {
      if (attestation.source > attestation.target)
        return `source ${attestation.source} is above target ${attestation.target}`
      if (source !== undefined && attestation.source < source) {
        return `source ${attestation.source} is below the highest one signed, ${source}`
      }
      if (target !== undefined && attestation.target <= target) {
        return `target ${attestation.target} is not above the highest one signed, ${target}`
      }
      return undefined
    },
    addBlock(block) {
      slot = higher(slot, block.slot)
    },
    addAttestation(attestation) {
      source = higher(source, attestation.source)
      target = higher(target, attestation.target)
    },
    export: (pubkey) => ({
      pubkey,
      blocks: slot === undefined ? [] : [{ slot }],
      attestations: source === undefined || target === undefined ? [] : [{ source, target }],
    }),
  }
}
