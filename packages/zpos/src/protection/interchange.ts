/** The slashing-protection interchange format, version 5 (EIP-3076), read into a type that cannot be wrong. */
import { ZposError } from '../errors.ts'

/** A signed block; for ZOS a unit, the slot is its round. */
export interface SignedBlock {
  readonly slot: bigint
  readonly signingRoot?: string | undefined
}

/** A signed attestation; for ZOS a checkpoint share, from the epoch before to the epoch. */
export interface SignedAttestation {
  readonly source: bigint
  readonly target: bigint
  readonly signingRoot?: string | undefined
}

/** What one key has signed. */
export interface KeyHistory {
  readonly pubkey: string
  readonly blocks: readonly SignedBlock[]
  readonly attestations: readonly SignedAttestation[]
}

const FORMAT_VERSION = '5'

function refuse(reason: string, context: Record<string, unknown> = {}): ZposError {
  return new ZposError('ZPOS_INTERCHANGE_REFUSED', `the interchange file was not imported: ${reason}`, context)
}

function fields(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw refuse(`${where} is not an object`)
}

function list(value: unknown, where: string): unknown[] {
  if (Array.isArray(value)) return value
  throw refuse(`${where} is not a list`)
}

function uint64(value: unknown, where: string): bigint {
  if (typeof value === 'string' && /^(0|[1-9]\d{0,19})$/.test(value)) {
    const number = BigInt(value)
    if (number < 1n << 64n) return number
  }
  throw refuse(`${where} is not an unsigned 64-bit integer in decimal`, { value })
}

function hex(value: unknown, where: string): string {
  if (typeof value === 'string' && /^0x[0-9a-fA-F]*$/.test(value)) return value.toLowerCase()
  throw refuse(`${where} is not hexadecimal with 0x`, { value })
}

function root(value: unknown, where: string): { signingRoot?: string } {
  return value === undefined || value === null ? {} : { signingRoot: hex(value, where) }
}

/** Reads an interchange document. Throws `ZPOS_INTERCHANGE_REFUSED` if it is malformed, of another version, or of another chain. */
export function readInterchange(document: unknown, chain: string): KeyHistory[] {
  const top = fields(document, 'the document')
  const metadata = fields(top.metadata, 'metadata')
  if (metadata.interchange_format_version !== FORMAT_VERSION) {
    throw refuse(`format version ${String(metadata.interchange_format_version)}, not ${FORMAT_VERSION}`)
  }
  const theirs = hex(metadata.genesis_validators_root, 'genesis_validators_root')
  if (theirs !== chain.toLowerCase()) throw refuse(`it is of chain ${theirs}, not ${chain}`, { theirs, ours: chain })
  return list(top.data, 'data').map((item, i) => {
    const entry = fields(item, `data[${i}]`)
    return {
      pubkey: hex(entry.pubkey, `data[${i}].pubkey`),
      blocks: list(entry.signed_blocks, `data[${i}].signed_blocks`).map((block, k) => {
        const { slot, signing_root } = fields(block, `block ${k}`)
        return { slot: uint64(slot, 'slot'), ...root(signing_root, 'signing_root') }
      }),
      attestations: list(entry.signed_attestations, `data[${i}].signed_attestations`).map((attestation, k) => {
        const { source_epoch, target_epoch, signing_root } = fields(attestation, `attestation ${k}`)
        return {
          source: uint64(source_epoch, 'source_epoch'),
          target: uint64(target_epoch, 'target_epoch'),
          ...root(signing_root, 'signing_root'),
        }
      }),
    }
  })
}

/** Writes an interchange document, ready for `JSON.stringify`. */
export function writeInterchange(histories: readonly KeyHistory[], chain: string): object {
  const signed = (signingRoot: string | undefined) => (signingRoot === undefined ? {} : { signing_root: signingRoot })
  return {
    metadata: { interchange_format_version: FORMAT_VERSION, genesis_validators_root: chain },
    data: histories.map(({ pubkey, blocks, attestations }) => ({
      pubkey,
      signed_blocks: blocks.map(({ slot, signingRoot }) => ({ slot: String(slot), ...signed(signingRoot) })),
      signed_attestations: attestations.map(({ source, target, signingRoot }) => ({
        source_epoch: String(source),
        target_epoch: String(target),
        ...signed(signingRoot),
      })),
    })),
  }
}
