/**
 * Privileged operations of development networks: a message in a validator's unit, so that every validator makes the same change in the
 * same block. Networks whose genesis does not say `devnet` carry such messages and ignore them.
 */
import { RLP } from '@ethereumjs/rlp'
import { bigIntToUnpaddedBytes, bytesToBigInt, bytesToHex, hexToBytes } from '@ethereumjs/util'
import type { Message, Unit } from '@zos/dag'
import type { AddressHex, Hash } from '../state/account.ts'

/** Above every kind that the ledger gives a meaning. */
const DEV_MESSAGE_KIND = 0xff00_0001
const VERSION = 1
const ID_BYTES = 8
/** Operations in one unit; a client that has more waits for the next. */
export const MAX_DEV_OPERATIONS = 512
/** Encoded operations in one unit, so that it stays below the limit of a unit's payload. */
export const MAX_DEV_BYTES = 512 * 1024

export type DevOperation =
  | { type: 'balance'; address: AddressHex; value: bigint }
  | { type: 'nonce'; address: AddressHex; value: bigint }
  | { type: 'code'; address: AddressHex; code: Uint8Array }
  | { type: 'storage'; address: AddressHex; slot: Hash; value: Uint8Array }
  /** Moves the clock of blocks on by `seconds`. */
  | { type: 'passTime'; seconds: bigint }
  /** The timestamp of the block that holds it, Unix seconds; the clock goes on from there. */
  | { type: 'timestamp'; value: bigint }
  /** Wei per gas of the block that holds it. */
  | { type: 'baseFee'; value: bigint }
  /** PREVRANDAO of the block that holds it. */
  | { type: 'prevRandao'; value: Hash }
  /** Remembers the state after the block that holds it. */
  | { type: 'snapshot' }
  /** Goes back to the snapshot with this number; it and later ones are gone. */
  | { type: 'revert'; snapshot: bigint }
  /** A transaction that `sender` did not sign. */
  | { type: 'transaction'; sender: AddressHex; raw: Uint8Array }

/** An operation with the id by which its sender recognises the outcome. */
export interface DevRequest {
  /** 8 random bytes, hex. */
  readonly id: string
  readonly operation: DevOperation
}

const CODES = {
  balance: 1,
  nonce: 2,
  code: 3,
  storage: 4,
  passTime: 5,
  timestamp: 6,
  baseFee: 7,
  prevRandao: 8,
  snapshot: 9,
  revert: 10,
  transaction: 11,
} as const

/** The message that carries `requests`. */
export function devMessage(requests: readonly DevRequest[]): Message {
  return { kind: DEV_MESSAGE_KIND, version: VERSION, body: RLP.encode(requests.map(encode)) }
}

/** Bytes that `request` takes in a message. */
export function devRequestSize(request: DevRequest): number {
  return RLP.encode(encode(request)).length
}

/** The operations of a unit, in order. What does not decode is left out. */
export function devRequestsOf(unit: Unit): DevRequest[] {
  const requests: DevRequest[] = []
  for (const { kind, version, body } of unit.messages) {
    if (kind !== DEV_MESSAGE_KIND || version !== VERSION) continue
    try {
      for (const item of (RLP.decode(body) as Uint8Array[][]).slice(0, MAX_DEV_OPERATIONS)) requests.push(decode(item))
    } catch {
      return requests
    }
  }
  return requests
}

function encode({ id, operation }: DevRequest): Uint8Array[] {
  return [hexToBytes(`0x${id}`), Uint8Array.of(CODES[operation.type]), ...fieldsOf(operation)]
}

function fieldsOf(operation: DevOperation): Uint8Array[] {
  switch (operation.type) {
    case 'balance':
    case 'nonce':
      return [hexToBytes(operation.address), integer(operation.value)]
    case 'code':
      return [hexToBytes(operation.address), operation.code]
    case 'storage':
      return [hexToBytes(operation.address), hexToBytes(operation.slot), operation.value]
    case 'passTime':
      return [integer(operation.seconds)]
    case 'timestamp':
    case 'baseFee':
      return [integer(operation.value)]
    case 'prevRandao':
      return [hexToBytes(operation.value)]
    case 'snapshot':
      return []
    case 'revert':
      return [integer(operation.snapshot)]
    case 'transaction':
      return [hexToBytes(operation.sender), operation.raw]
  }
}

function decode(item: Uint8Array[]): DevRequest {
  const [id, code, ...fields] = item
  if (id?.length !== ID_BYTES || code?.length !== 1) throw new Error('not an operation')
  return { id: bytesToHex(id).slice(2), operation: operationOf(code[0]!, fields) }
}

function operationOf(code: number, [first, second, third]: Uint8Array[]): DevOperation {
  switch (code) {
    case CODES.balance:
      return { type: 'balance', address: fixed(first, 20), value: number(second) }
    case CODES.nonce:
      return { type: 'nonce', address: fixed(first, 20), value: number(second) }
    case CODES.code:
      return { type: 'code', address: fixed(first, 20), code: present(second) }
    case CODES.storage:
      return { type: 'storage', address: fixed(first, 20), slot: fixed(second, 32), value: trimmed(present(third)) }
    case CODES.passTime:
      return { type: 'passTime', seconds: number(first) }
    case CODES.timestamp:
      return { type: 'timestamp', value: number(first) }
    case CODES.baseFee:
      return { type: 'baseFee', value: number(first) }
    case CODES.prevRandao:
      return { type: 'prevRandao', value: fixed(first, 32) }
    case CODES.snapshot:
      return { type: 'snapshot' }
    case CODES.revert:
      return { type: 'revert', snapshot: number(first) }
    case CODES.transaction:
      return { type: 'transaction', sender: fixed(first, 20), raw: present(second) }
    default:
      throw new Error(`unknown operation ${code}`)
  }
}

function present(bytes: Uint8Array | undefined): Uint8Array {
  if (!(bytes instanceof Uint8Array)) throw new Error('a field is missing')
  return bytes
}

function fixed(bytes: Uint8Array | undefined, length: number): `0x${string}` {
  if (present(bytes).length !== length) throw new Error(`a field does not have ${length} bytes`)
  return bytesToHex(bytes!)
}

function number(bytes: Uint8Array | undefined): bigint {
  if (present(bytes).length > 32) throw new Error('a number has more than 32 bytes')
  return bytesToBigInt(bytes!)
}

function integer(value: bigint): Uint8Array {
  return value === 0n ? new Uint8Array() : bigIntToUnpaddedBytes(value)
}

/** Storage holds values without leading zeros, of at most 32 bytes. */
function trimmed(value: Uint8Array): Uint8Array {
  if (value.length > 32) throw new Error('a storage value has more than 32 bytes')
  let start = 0
  while (start < value.length && value[start] === 0) start++
  return value.slice(start)
}
