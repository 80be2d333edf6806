/** What the gateway and the host say to each other: Solidity's ABI for the structs of `contracts/IbcGateway.sol`. */
import {
  bytesToBigInt,
  bytesToHex,
  bytesToUtf8,
  concatBytes,
  hexToBytes,
  setLengthLeft,
  utf8ToBytes,
} from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import type { AddressHex } from '../state/account.ts'

const WORD = 32

export type ActionKind = 'deploy' | 'mint' | 'burn' | 'release'
const ACTION_NUMBER: Readonly<Record<ActionKind, number>> = { deploy: 0, mint: 1, burn: 2, release: 3 }

/** Something the gateway has to do with a token. */
export interface GatewayAction {
  readonly kind: ActionKind
  readonly token: AddressHex
  readonly account: AddressHex
  readonly amount: bigint
  readonly data: Uint8Array
}

export const OUTCOME_STATUS = { done: 0, 'no-op': 1, rejected: 2 } as const

export interface HostOutcome {
  readonly status: keyof typeof OUTCOME_STATUS
  /** The result of a message (an identifier, a sequence), or why it was refused. */
  readonly detail: string
  readonly actions: readonly GatewayAction[]
  readonly logs: readonly { readonly kind: string; readonly attributes: string }[]
}

/** A transfer that the gateway has taken the tokens for. */
export interface GatewayTransfer {
  readonly sender: AddressHex
  /** The zero address is the chain's own coin. */
  readonly token: AddressHex
  readonly amount: bigint
  readonly route: string
  readonly receiver: string
  /** Seconds since 1970. */
  readonly timeout: bigint
  readonly memo: string
  readonly name: string
  readonly symbol: string
  readonly decimals: number
}

type Part = { readonly inline: Uint8Array } | { readonly tail: Uint8Array }

const word = (value: bigint | number): Part => ({ inline: setLengthLeft(hexToBytes(evenHex(BigInt(value))), WORD) })
const address = (value: AddressHex): Part => ({ inline: setLengthLeft(hexToBytes(value), WORD) })
const bytes = (value: Uint8Array): Part => ({
  tail: concatBytes(inlineOf(word(value.length)), value, new Uint8Array((WORD - (value.length % WORD)) % WORD)),
})
const text = (value: string): Part => bytes(utf8ToBytes(value))
const list = (items: readonly Uint8Array[]): Part => ({
  tail: concatBytes(inlineOf(word(items.length)), tuple(items.map((tail) => ({ tail })))),
})

/** Heads (values or offsets), then the tails. */
function tuple(parts: readonly Part[]): Uint8Array {
  let offset = parts.length * WORD
  const heads: Uint8Array[] = []
  const tails: Uint8Array[] = []
  for (const part of parts) {
    if ('inline' in part) heads.push(part.inline)
    else {
      heads.push(inlineOf(word(offset)))
      tails.push(part.tail)
      offset += part.tail.length
    }
  }
  return concatBytes(...heads, ...tails)
}

/** The host's answer as the gateway decodes it. */
export function encodeOutcome({ status, detail, actions, logs }: HostOutcome): Uint8Array {
  const outcome = tuple([
    word(OUTCOME_STATUS[status]),
    text(detail),
    list(
      actions.map(({ kind, token, account, amount, data }) =>
        tuple([word(ACTION_NUMBER[kind]), address(token), address(account), word(amount), bytes(data)]),
      ),
    ),
    list(logs.map(({ kind, attributes }) => tuple([text(kind), text(attributes)]))),
  ])
  return tuple([{ tail: outcome }])
}

/** The arguments of a function that takes `bytes[]`. */
export const encodeBytesList = (items: readonly Uint8Array[]): Uint8Array =>
  tuple([list(items.map((item) => tailOf(bytes(item))))])

/** The data of a `deploy` action. */
export function encodeDeployment(salt: Uint8Array, name: string, symbol: string, decimals: number): Uint8Array {
  return tuple([{ inline: salt }, text(name), text(symbol), word(decimals)])
}

/** The first four bytes of a call, in hexadecimal. */
export const selector = (signature: string): string => bytesToHex(keccak256(utf8ToBytes(signature)).subarray(0, 4))
const DELIVER = selector('deliver(bytes,address)')
const SEND = selector('send((address,address,uint256,string,string,uint64,string,string,string,uint8))')

export type HostCall =
  | { readonly kind: 'deliver'; readonly message: Uint8Array; readonly signer: AddressHex }
  | { readonly kind: 'send'; readonly transfer: GatewayTransfer }

/** The call in `data`; undefined when it is none, or does not decode. */
export function decodeHostCall(data: Uint8Array): HostCall | undefined {
  const body = data.subarray(4)
  try {
    switch (bytesToHex(data.subarray(0, 4))) {
      case DELIVER:
        return { kind: 'deliver', message: dynamicAt(body, 0), signer: addressAt(body, 1) }
      case SEND:
        return { kind: 'send', transfer: decodeTransferStruct(body.subarray(numberAt(body, 0))) }
      default:
        return undefined
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function decodeTransferStruct(struct: Uint8Array): GatewayTransfer {
  const string = (index: number) => bytesToUtf8(dynamicAt(struct, index))
  return {
    sender: addressAt(struct, 0),
    token: addressAt(struct, 1),
    amount: bytesToBigInt(wordAt(struct, 2)),
    route: string(3),
    receiver: string(4),
    timeout: bytesToBigInt(wordAt(struct, 5)),
    memo: string(6),
    name: string(7),
    symbol: string(8),
    decimals: numberAt(struct, 9),
  }
}

/** The word `index`. Throws RangeError. */
export function wordAt(data: Uint8Array, index: number): Uint8Array {
  const value = data.subarray(index * WORD, (index + 1) * WORD)
  if (value.length !== WORD) throw new RangeError('the data is cut short')
  return value
}

/** A number in word `index`. Throws RangeError. */
export function numberAt(data: Uint8Array, index: number): number {
  const value = bytesToBigInt(wordAt(data, index))
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError('the number is out of range')
  return Number(value)
}

/** The address in word `index`. Throws RangeError. */
export const addressAt = (data: Uint8Array, index: number): AddressHex => bytesToHex(wordAt(data, index).subarray(12))

/** The bytes that word `index` points at. Throws RangeError. */
export function dynamicAt(data: Uint8Array, index: number): Uint8Array {
  const at = data.subarray(numberAt(data, index))
  const value = at.subarray(WORD, WORD + numberAt(at, 0))
  if (value.length !== numberAt(at, 0)) throw new RangeError('the data is cut short')
  return value
}

function evenHex(value: bigint): `0x${string}` {
  const digits = value.toString(16)
  return digits.length % 2 === 0 ? `0x${digits}` : `0x0${digits}`
}

function inlineOf(part: Part): Uint8Array {
  return 'inline' in part ? part.inline : part.tail
}

function tailOf(part: Part): Uint8Array {
  return 'tail' in part ? part.tail : part.inline
}
