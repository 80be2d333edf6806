/**
 * The bytes of a record of the consensus contract. One form a value: records lie in the state, so equal states must have equal bytes. Numbers
 * are LEB128; hexadecimal strings take half their length; names of fields that are known here take one byte.
 */
import { bytesToHex, hexToBytes, type PrefixedHexString } from '@ethereumjs/util'
import type { StateValue } from '@zos/zpos'

const FALSE = 0
const TRUE = 1
const HEX_PREFIXED = 2
const HEX_PLAIN = 3
const TEXT = 4
const BIG = 5
const INTEGER = 6
const LIST = 7
const RECORD = 8

/** A field's number is its place in this list plus one; 0 stands before a name that is written out. Append only. */
const FIELDS = [
  'publicKey',
  'key',
  'vrfKey',
  'identity',
  'commissionBps',
  'riseEpoch',
  'riseFrom',
  'tokens',
  'shares',
  'pool',
  'ratio',
  'remainder',
  'outstanding',
  'commission',
  'order',
  'jailed',
  'jailedUntilMs',
  'tombstoned',
  'start',
  'validator',
  'amount',
  'createdMs',
  'maturesMs',
  'delegator',
  'to',
  'owner',
  'retiredMs',
  'stake',
  'fromMs',
  'taken',
  'mintedMs',
  'pot',
  'leader',
  'speaker',
  'round',
  'epoch',
  'units',
  'earned',
  'isogenyKey',
]
const FIELD_NUMBERS = new Map(FIELDS.map((name, index) => [name, index + 1]))
const HEX = /^(0x)?([0-9a-f]{2})+$/

/** Encodes a value. */
export function encodeRecord(value: StateValue): Uint8Array {
  const out: number[] = []
  write(value, out)
  return Uint8Array.from(out)
}

/** The inverse of {@link encodeRecord}, for bytes of this node's own state. */
export function decodeRecord(bytes: Uint8Array): StateValue {
  return new Reader(bytes).value()
}

function write(value: StateValue, out: number[]): void {
  if (typeof value === 'boolean') out.push(value ? TRUE : FALSE)
  else if (typeof value === 'bigint') writeBig(value, out)
  else if (typeof value === 'number') {
    // Zigzag: small negative numbers stay small.
    out.push(INTEGER)
    writeLength(value < 0 ? -2n * BigInt(value) - 1n : 2n * BigInt(value), out)
  } else if (typeof value === 'string') writeText(value, out)
  else if (Array.isArray(value)) {
    out.push(LIST)
    writeLength(BigInt(value.length), out)
    for (const item of value) write(item, out)
  } else writeFields(value as { readonly [field: string]: StateValue }, out)
}

function writeBig(value: bigint, out: number[]): void {
  if (value < 0n) throw new RangeError('a record holds no negative amount')
  const digits = value.toString(16)
  const bytes = value === 0n ? new Uint8Array() : hexToBytes(`0x${digits.length % 2 === 0 ? '' : '0'}${digits}`)
  writeBytes(BIG, bytes, out)
}

function writeText(value: string, out: number[]): void {
  if (!HEX.test(value)) writeBytes(TEXT, new TextEncoder().encode(value), out)
  else if (value.startsWith('0x')) writeBytes(HEX_PREFIXED, hexToBytes(value as PrefixedHexString), out)
  else writeBytes(HEX_PLAIN, hexToBytes(`0x${value}`), out)
}

function writeFields(value: { readonly [field: string]: StateValue }, out: number[]): void {
  const names = Object.keys(value).sort()
  out.push(RECORD)
  writeLength(BigInt(names.length), out)
  for (const name of names) {
    const number = FIELD_NUMBERS.get(name) ?? 0
    out.push(number)
    if (number === 0) writeBytes(undefined, new TextEncoder().encode(name), out)
    write(value[name]!, out)
  }
}

function writeBytes(tag: number | undefined, bytes: Uint8Array, out: number[]): void {
  if (tag !== undefined) out.push(tag)
  writeLength(BigInt(bytes.length), out)
  for (const byte of bytes) out.push(byte)
}

function writeLength(length: bigint, out: number[]): void {
  for (let rest = length; ; rest >>= 7n) {
    const low = Number(rest & 0x7fn)
    if (rest < 0x80n) {
      out.push(low)
      return
    }
    out.push(low | 0x80)
  }
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  value(): StateValue {
    const tag = this.#bytes[this.#at++]
    switch (tag) {
      case FALSE:
        return false
      case TRUE:
        return true
      case HEX_PREFIXED:
        return bytesToHex(this.#take())
      case HEX_PLAIN:
        return bytesToHex(this.#take()).slice(2)
      case TEXT:
        return new TextDecoder().decode(this.#take())
      case BIG: {
        const bytes = this.#take()
        return bytes.length === 0 ? 0n : BigInt(bytesToHex(bytes))
      }
      case INTEGER: {
        const zigzag = this.#length()
        return Number(zigzag & 1n ? -((zigzag + 1n) / 2n) : zigzag / 2n)
      }
      case LIST:
        return Array.from({ length: Number(this.#length()) }, () => this.value())
      case RECORD:
        return this.#fields()
      default:
        throw new RangeError(`a record of the state has the unknown tag ${tag}`)
    }
  }

  #fields(): StateValue {
    const fields: Record<string, StateValue> = {}
    for (let left = Number(this.#length()); left > 0; left--) {
      const number = this.#bytes[this.#at++]!
      const name = number === 0 ? new TextDecoder().decode(this.#take()) : FIELDS[number - 1]!
      fields[name] = this.value()
    }
    return fields
  }

  #take(): Uint8Array {
    const length = Number(this.#length())
    const bytes = this.#bytes.subarray(this.#at, this.#at + length)
    if (bytes.length !== length) throw new RangeError('a record of the state is cut short')
    this.#at += length
    return bytes
  }

  #length(): bigint {
    let length = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw new RangeError('a record of the state is cut short')
      length |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return length
    }
  }
}
