/** A checkpoint with all that a node knows of it, as it lies in the store and travels to peers: RLP, read back without trust. */
import { RLP } from '@ethereumjs/rlp'
import { bytesToBigInt, bytesToHex } from '@ethereumjs/util'
import {
  type Checkpoint,
  type CheckpointCertificate,
  type CheckpointMember,
  type CheckpointShare,
  decodeCertificate,
  decodeCheckpoint,
  encodeCertificate,
  encodeCheckpoint,
} from '@zos/zpos/checkpoint'

/** Signatures of further documents by who signed: see `CheckpointCosigner`. */
export type Cosigned = ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>

/**
 * A checkpoint of an epoch with its committees and signatures, as {@link ZosNode.checkpoint} tells it and as snapshots
 * begin with it. A record from a peer is only decoded; check its certificate against a committee that you trust.
 */
export interface CheckpointRecord {
  readonly checkpoint: Checkpoint
  /** Who signs it. */
  readonly members: readonly CheckpointMember[]
  /** The committee that it names for the next epoch. */
  readonly next: readonly CheckpointMember[]
  /** Missing until more than two thirds of the stake have signed. */
  readonly certificate: CheckpointCertificate | undefined
  /** Signatures of members under further documents, such as IBC headers. */
  readonly cosigned: Cosigned
}

/** One validator's share, with its signatures under further documents by their id. */
export interface ShareMessage {
  readonly checkpoint: Checkpoint
  readonly share: CheckpointShare
  readonly cosigned: readonly (readonly [id: string, signature: Uint8Array])[]
}

const MAX_MEMBERS = 100
const MAX_SCHEMES = 4
const MAX_COSIGNERS = 8
/** Largest signature under a further document. */
export const MAX_COSIGNATURE_BYTES = 1_024
const MAX_ID_LENGTH = 32

type Item = Uint8Array | Item[]

export function encodeRecord({ checkpoint, members, next, certificate, cosigned }: CheckpointRecord): Uint8Array {
  return RLP.encode([
    encodeCheckpoint(checkpoint),
    members.map(memberItem),
    next.map(memberItem),
    certificate ? encodeCertificate(certificate) : new Uint8Array(),
    [...cosigned].map(([id, signatures]) => [
      id,
      [...signatures].map(([address, signature]) => [hexBytes(address), signature]),
    ]),
  ])
}

/** Undefined for anything that is not the form of {@link encodeRecord}. Nothing is verified. */
export function decodeRecord(bytes: Uint8Array): CheckpointRecord | undefined {
  return quietly(() => {
    const [checkpoint, members, next, certificate, cosigned] = list(RLP.decode(bytes) as Item, 5, 5)
    const signed = string(certificate!)
    return {
      checkpoint: present(decodeCheckpoint(string(checkpoint!))),
      members: list(members!, 1, MAX_MEMBERS).map(member),
      next: list(next!, 1, MAX_MEMBERS).map(member),
      certificate: signed.length === 0 ? undefined : present(decodeCertificate(signed)),
      cosigned: new Map(
        list(cosigned!, 0, MAX_COSIGNERS).map((entry) => {
          const [id, signatures] = list(entry, 2, 2)
          return [
            text(id!),
            new Map(
              list(signatures!, 0, MAX_MEMBERS).map((item) => {
                const [address, signature] = list(item, 2, 2)
                return [addressOf(address!), cosignature(signature!)]
              }),
            ),
          ]
        }),
      ),
    }
  })
}

export function encodeShare({ checkpoint, share, cosigned }: ShareMessage): Uint8Array {
  return RLP.encode([
    encodeCheckpoint(checkpoint),
    hexBytes(share.address),
    share.signatures.map(({ scheme, signature }) => [scheme, signature]),
    cosigned.map(([id, signature]) => [id, signature]),
  ])
}

/** Undefined for anything that is not the form of {@link encodeShare}. Nothing is verified. */
export function decodeShare(bytes: Uint8Array): ShareMessage | undefined {
  return quietly(() => {
    const [checkpoint, address, signatures, cosigned] = list(RLP.decode(bytes) as Item, 4, 4)
    return {
      checkpoint: present(decodeCheckpoint(string(checkpoint!))),
      share: {
        address: addressOf(address!),
        signatures: list(signatures!, 1, MAX_SCHEMES).map((item) => {
          const [scheme, signature] = list(item, 2, 2)
          return { scheme: byte(scheme!), signature: string(signature!) }
        }),
      },
      cosigned: list(cosigned!, 0, MAX_COSIGNERS).map((item) => {
        const [id, signature] = list(item, 2, 2)
        return [text(id!), cosignature(signature!)] as const
      }),
    }
  })
}

function memberItem({ address, stake, keys }: CheckpointMember): [Uint8Array, bigint, [number, Uint8Array][]] {
  return [hexBytes(address), stake, keys.map(({ scheme, key }) => [scheme, key])]
}

function member(item: Item): CheckpointMember {
  const [address, stake, keys] = list(item, 3, 3)
  return {
    address: addressOf(address!),
    stake: bytesToBigInt(within(string(stake!), 1, 32)),
    keys: list(keys!, 1, MAX_SCHEMES).map((entry) => {
      const [scheme, key] = list(entry, 2, 2)
      return { scheme: byte(scheme!), key: string(key!) }
    }),
  }
}

function list(item: Item, least: number, most: number): Item[] {
  if (!Array.isArray(item) || item.length < least || item.length > most) throw new RangeError('not such a list')
  return item
}

function string(item: Item): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new RangeError('not a string')
  return item
}

function within(bytes: Uint8Array, least: number, most: number): Uint8Array {
  if (bytes.length < least || bytes.length > most) throw new RangeError('not of such a length')
  return bytes
}

function byte(item: Item): number {
  return within(string(item), 1, 1)[0]!
}

function text(item: Item): string {
  return new TextDecoder().decode(within(string(item), 1, MAX_ID_LENGTH))
}

function cosignature(item: Item): Uint8Array {
  return within(string(item), 1, MAX_COSIGNATURE_BYTES)
}

function addressOf(item: Item): string {
  return bytesToHex(within(string(item), 20, 20))
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('malformed')
  return value
}

function hexBytes(hex: string): Uint8Array {
  return Buffer.from(hex.slice(2), 'hex')
}

/** The parsers above throw on the first thing that is wrong; for the caller foreign bytes are a value or none. */
function quietly<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}
