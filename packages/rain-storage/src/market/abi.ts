/**
 * As much of the Solidity ABI (docs.soliditylang.org, "Contract ABI Specification") as the storage market needs: words, byte strings, and arrays of them.
 */
import { keccak_256 } from '@noble/hashes/sha3.js'
import { concat, fromHex, toHex } from '../content/bytes.ts'
import { StorageError } from '../errors.ts'

/** Hex with `0x`. */
export type Hex = `0x${string}`

/** Bytes of a word. */
const WORD = 32

/** An argument: a word, a byte string, or an array of arguments that are encoded with offsets. */
export type AbiArgument = bigint | Uint8Array | { readonly bytes: Uint8Array } | readonly AbiArgument[]

/** Calldata of a function. Words are `bigint`s or 32 bytes; `{ bytes }` is `bytes` or `string`; an array is `bytes[]`, `bytes32[]` or deeper. */
export function encodeCall(signature: string, args: readonly AbiArgument[]): Hex {
  return hexOf(concat([selectorOf(signature), encodeSequence(args)]))
}

/** First four bytes of the hash of a signature. */
export function selectorOf(signature: string): Uint8Array {
  return hashOf(signature).slice(0, 4)
}

/** Keccak-256 of a text: the topic of an event's signature. */
export function hashOf(text: string): Uint8Array {
  return keccak_256(new TextEncoder().encode(text))
}

/** `0x` and the hex of bytes. */
export function hexOf(bytes: Uint8Array): Hex {
  return `0x${toHex(bytes)}`
}

/**
 * Bytes of hex with `0x`, as a node answers.
 * @throws StorageError `STORAGE_MALFORMED`
 */
export function bytesOf(hex: unknown): Uint8Array {
  const bytes = typeof hex === 'string' && hex.startsWith('0x') ? fromHex(hex.slice(2)) : undefined
  if (bytes === undefined) throw malformed('is not hex')
  return bytes
}

/** A word from 20 bytes of an address. @throws StorageError `STORAGE_INVALID_ARGUMENT` */
export function addressWord(address: string): bigint {
  if (!/^0x[0-9a-fA-F]{40}$/.test(address))
    throw new StorageError('STORAGE_INVALID_ARGUMENT', `"${address}" is not an address`, { address })
  return BigInt(address)
}

/** What a call returned, read by words. */
export interface AbiReader {
  /** The word at `index`. */
  word(index: number): bigint
  /** The word at `index` as a number. */
  number(index: number): number
  address(index: number): Hex
  bytes32(index: number): Uint8Array
  /** The byte string whose offset stands at `index`; offsets count from the beginning. */
  text(index: number): string
  /** What begins at the offset that stands at `index`. */
  inside(index: number): AbiReader
}

/** Longest text that is read from an answer, bytes. */
const MAX_TEXT = 4_096

/** Reads `data`. Every reading throws StorageError `STORAGE_MALFORMED` where the answer is too short. */
export function readAbi(data: Uint8Array): AbiReader {
  const bytes32 = (index: number) => {
    if ((index + 1) * WORD > data.length) throw malformed('is too short')
    return data.slice(index * WORD, (index + 1) * WORD)
  }
  const word = (index: number) => BigInt(hexOf(bytes32(index)))
  const number = (index: number) => {
    const value = word(index)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed('has a number that is too large')
    return Number(value)
  }
  return {
    word,
    number,
    bytes32,
    address: (index) => hexOf(bytes32(index).slice(12)),
    text(index) {
      const at = number(index)
      const rest = readAbi(data.subarray(at))
      const length = rest.number(0)
      if (length > MAX_TEXT || at + WORD + length > data.length) throw malformed('has a text that is too long')
      return new TextDecoder().decode(data.subarray(at + WORD, at + WORD + length))
    },
    inside: (index) => readAbi(data.subarray(number(index))),
  }
}

function encodeSequence(args: readonly AbiArgument[]): Uint8Array {
  const heads: Uint8Array[] = []
  const tails: Uint8Array[] = []
  let at = args.length * WORD
  for (const arg of args) {
    if (isWord(arg)) {
      heads.push(encodeWord(arg))
      continue
    }
    const tail = encodeTail(arg)
    heads.push(encodeWord(BigInt(at)))
    tails.push(tail)
    at += tail.length
  }
  return concat([...heads, ...tails, new Uint8Array(0)])
}

function encodeTail(arg: Exclude<AbiArgument, bigint | Uint8Array>): Uint8Array {
  if (!('bytes' in arg)) return concat([encodeWord(BigInt(arg.length)), encodeSequence(arg)])
  const padding = new Uint8Array((WORD - (arg.bytes.length % WORD)) % WORD)
  return concat([encodeWord(BigInt(arg.bytes.length)), arg.bytes, padding])
}

function isWord(arg: AbiArgument): arg is bigint | Uint8Array {
  return typeof arg === 'bigint' || arg instanceof Uint8Array
}

function encodeWord(value: bigint | Uint8Array): Uint8Array {
  const bytes = typeof value === 'bigint' ? fromHex(value.toString(16).padStart(2 * WORD, '0')) : value
  if (bytes?.length !== WORD)
    throw new StorageError('STORAGE_INVALID_ARGUMENT', `${String(value)} is not a word of the ABI`, {})
  return bytes
}

function malformed(what: string): StorageError {
  return new StorageError('STORAGE_MALFORMED', `The node's answer ${what}`)
}
