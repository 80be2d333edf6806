/**
 * CometBFT's simple Merkle tree (RFC 6962 shape): leaves `sha256(00 ‖ data)`, inner nodes `sha256(01 ‖ left ‖ right)`, the left
 * subtree being the largest power of two below the count. Headers, validator sets and the root over a chain's stores use it.
 */
import { compare, concat, utf8 } from '../encoding/bytes.ts'
import { ProtoWriter } from '../encoding/protobuf-wire.ts'
import { HubError } from '../errors.ts'
import { sha256 } from '../hash/sha256.ts'
import { encodeCommitmentProof } from '../ics23/codec.ts'
import { type CommitmentProof, HashOp, type InnerOp } from '../ics23/proof.ts'
import { tendermintSpec } from '../ics23/specs.ts'

const LEAF = Uint8Array.of(0)
const INNER = Uint8Array.of(1)

const leafHash = (data: Uint8Array) => sha256(concat(LEAF, data))
const innerHash = (left: Uint8Array, right: Uint8Array) => sha256(concat(INNER, left, right))

function split(count: number): number {
  let left = 1
  while (left * 2 < count) left *= 2
  return left
}

function rootOf(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 1) return hashes[0]!
  const left = split(hashes.length)
  return innerHash(rootOf(hashes.slice(0, left)), rootOf(hashes.slice(left)))
}

/** The root over `items` in their order; the hash of nothing for none. */
export function simpleRoot(items: readonly Uint8Array[]): Uint8Array {
  return items.length === 0 ? sha256(new Uint8Array(0)) : rootOf(items.map(leafHash))
}

function pathTo(hashes: readonly Uint8Array[], index: number): InnerOp[] {
  if (hashes.length === 1) return []
  const left = split(hashes.length)
  return index < left
    ? [
        ...pathTo(hashes.slice(0, left), index),
        { hash: HashOp.SHA256, prefix: INNER, suffix: rootOf(hashes.slice(left)) },
      ]
    : [
        ...pathTo(hashes.slice(left), index - left),
        { hash: HashOp.SHA256, prefix: concat(INNER, rootOf(hashes.slice(0, left))), suffix: new Uint8Array(0) },
      ]
}

/** The app hash over a chain's named stores, and the proof of each store's root under it. */
export interface MultiStore {
  readonly hash: Uint8Array
  /** ICS-23 proof (bytes) that the store `name` has its root; check it with `tendermintSpec`. */
  prove(name: string): Uint8Array
}

/** The simple map root of `stores` (name → root hash), as the Cosmos SDK's `CommitInfo.Hash` computes it. */
export function multiStore(stores: Readonly<Record<string, Uint8Array>>): MultiStore {
  const entries = Object.entries(stores)
    .map(([name, root]) => ({ name, key: utf8(name), root }))
    .sort((a, b) => compare(a.key, b.key))
  if (entries.length === 0) throw new HubError('HUB_INVALID_ARGUMENT', 'a multi-store needs at least one store')
  // Asked for with every proof of a key.
  const proofs = new Map<string, Uint8Array>()
  const hashes = entries.map(({ key, root }) => {
    const writer = new ProtoWriter()
    writer.bytes(key)
    writer.bytes(sha256(root))
    return leafHash(writer.finish())
  })
  return {
    hash: rootOf(hashes),
    prove(name) {
      const known = proofs.get(name)
      if (known) return known
      const index = entries.findIndex((entry) => entry.name === name)
      if (index < 0) throw new HubError('HUB_NOT_FOUND', `no store named "${name}"`, { name })
      const { key, root } = entries[index]!
      const proof: CommitmentProof = {
        kind: 'exist',
        exist: { key, value: root, leaf: tendermintSpec.leafSpec, path: pathTo(hashes, index) },
      }
      const bytes = encodeCommitmentProof(proof)
      proofs.set(name, bytes)
      return bytes
    },
  }
}
