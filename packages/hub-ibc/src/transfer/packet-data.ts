/** ICS-20 packet data in its three encodings, and its acknowledgements, as ibc-go v10/v11 writes them. */
import { concat, equal, fromBase64, fromUtf8, toBase64, utf8 } from '../encoding/bytes.ts'
import { message, string } from '../encoding/protobuf.ts'
import { HubError } from '../errors.ts'

/**
 * What an ICS-20 packet says (`FungibleTokenPacketData`). {@link encodeTransfer} makes its bytes, {@link
 * decodeTransfer} reads them; both refuse empty names, receivers over 2,048 bytes and memos over 32,768.
 */
export interface TransferData {
  /** The full path of the token as the sender's chain has it: `transfer/channel-7/uatom`. */
  readonly denom: string
  /** A positive decimal number below 2^256. */
  readonly amount: bigint
  readonly sender: string
  readonly receiver: string
  /** Instructions in JSON (forwarding, callbacks, metadata) or any text; empty for none. */
  readonly memo: string
}

/** The version of ICS-20 that channels and payloads agree on. */
export const TRANSFER_VERSION = 'ics20-1'
/**
 * How the value of a v2 payload may encode {@link TransferData}; v1 channels always use JSON. `abi` is what the
 * Solidity contracts of IBC v2 read.
 */
export const ENCODINGS = {
  json: 'application/json',
  protobuf: 'application/x-protobuf',
  abi: 'application/x-solidity-abi',
} as const

/** ibc-go's limits. */
const MAX_MEMO_BYTES = 32_768
const MAX_RECEIVER_BYTES = 2_048
const AMOUNT_LIMIT = 1n << 256n

const Message = message({
  denom: string(1),
  amount: string(2),
  sender: string(3),
  receiver: string(4),
  memo: string(5),
})

const fail = (reason: string) => new HubError('HUB_APPLICATION', `ICS-20: ${reason}`)
/** A character takes three bytes at most, so short texts need no counting. */
const longer = (text: string, limit: number) => 3 * text.length > limit && utf8(text).length > limit

function check(data: Record<'denom' | 'amount' | 'sender' | 'receiver' | 'memo', string>): TransferData {
  if (!/^[0-9]{1,78}$/.test(data.amount)) throw fail('amount is not a decimal number')
  return checked({ ...data, amount: BigInt(data.amount) })
}

function checked(data: TransferData): TransferData {
  const { amount } = data
  if (amount <= 0n || amount >= AMOUNT_LIMIT) throw fail('amount must be positive and below 2^256')
  if (data.denom.trim() === '') throw fail('denomination is empty')
  if (data.sender.trim() === '') throw fail('sender is empty')
  if (data.receiver.trim() === '') throw fail('receiver is empty')
  if (longer(data.receiver, MAX_RECEIVER_BYTES)) throw fail('receiver is too long')
  if (longer(data.memo, MAX_MEMO_BYTES)) throw fail('memo is too long')
  return data
}

// Go's encoding/json writes these as escapes.
const ESCAPED = /[<>&\u2028\u2029]/
const goString = (text: string) => {
  const json = JSON.stringify(text)
  return ESCAPED.test(json)
    ? json.replace(new RegExp(ESCAPED, 'g'), (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : json
}

/** JSON with sorted keys and the memo left out when empty: the bytes that ibc-go commits to. */
function encodeJson({ amount, denom, memo, receiver, sender }: TransferData): Uint8Array {
  const memoField = memo === '' ? '' : `"memo":${goString(memo)},`
  return utf8(
    `{"amount":"${amount}","denom":${goString(denom)},${memoField}"receiver":${goString(receiver)},"sender":${goString(sender)}}`,
  )
}

function decodeJson(bytes: Uint8Array): TransferData {
  let raw: unknown
  try {
    raw = JSON.parse(fromUtf8(bytes))
  } catch (cause) {
    throw new HubError('HUB_DECODE', 'ICS-20: not JSON', {}, { cause })
  }
  const object = raw as Record<string, unknown>
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw new HubError('HUB_DECODE', 'ICS-20: not a JSON object')
  const fields = { denom: '', amount: '', sender: '', receiver: '', memo: '' }
  for (const [name, value] of Object.entries(object)) {
    if (!Object.hasOwn(fields, name) || typeof value !== 'string')
      throw new HubError('HUB_DECODE', 'ICS-20: unknown or mistyped field', { name })
    fields[name as 'denom'] = value
  }
  return check(fields)
}

const word = (value: bigint) => {
  const out = new Uint8Array(32)
  for (let i = 31, rest = value; rest > 0n; i--, rest >>= 8n) out[i] = Number(rest & 255n)
  return out
}
const abiString = (text: string) => {
  const raw = utf8(text)
  return concat(word(BigInt(raw.length)), raw, new Uint8Array((32 - (raw.length % 32)) % 32))
}

/** `abi.encode((string denom, string sender, string receiver, uint256 amount, string memo))` */
function encodeAbi(data: TransferData): Uint8Array {
  const strings = [data.denom, data.sender, data.receiver, data.memo].map(abiString) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  let offset = 160n
  const offsets = strings.map((bytes) => {
    const here = offset
    offset += BigInt(bytes.length)
    return word(here)
  }) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  return concat(word(32n), offsets[0], offsets[1], offsets[2], word(data.amount), offsets[3], ...strings)
}

function decodeAbi(bytes: Uint8Array): TransferData {
  const number = (at: number): bigint => {
    if (at + 32 > bytes.length) throw new HubError('HUB_DECODE', 'ICS-20: ABI data is cut short')
    let value = 0n
    for (let i = 0; i < 32; i++) value = (value << 8n) | BigInt(bytes[at + i]!)
    return value
  }
  const text = (slot: number): string => {
    const at = 32 + Number(BigInt.asUintN(32, number(32 + slot * 32)))
    const length = Number(BigInt.asUintN(32, number(at)))
    if (at + 32 + length > bytes.length) throw new HubError('HUB_DECODE', 'ICS-20: ABI string is cut short')
    return fromUtf8(bytes.subarray(at + 32, at + 32 + length))
  }
  const data = check({
    denom: text(0),
    sender: text(1),
    receiver: text(2),
    amount: number(128).toString(),
    memo: text(4),
  })
  const canonical = encodeAbi(data)
  if (canonical.length !== bytes.length || canonical.some((byte, i) => byte !== bytes[i])) {
    throw new HubError('HUB_DECODE', 'ICS-20: ABI data is not canonical')
  }
  return data
}

/** The bytes of `data` in one of {@link ENCODINGS}. Throws `HUB_APPLICATION` for bad fields. */
export function encodeTransfer(data: TransferData, encoding: string = ENCODINGS.json): Uint8Array {
  checked(data)
  if (encoding === ENCODINGS.json) return encodeJson(data)
  if (encoding === ENCODINGS.protobuf) return Message.encode({ ...data, amount: data.amount.toString() })
  if (encoding === ENCODINGS.abi) return encodeAbi(data)
  throw new HubError('HUB_APPLICATION', 'ICS-20: unknown encoding', { encoding })
}

/** The data in `bytes`. Throws `HUB_DECODE` or `HUB_APPLICATION`. */
export function decodeTransfer(bytes: Uint8Array, encoding: string = ENCODINGS.json): TransferData {
  if (encoding === ENCODINGS.json) return decodeJson(bytes)
  if (encoding === ENCODINGS.protobuf) return check(Message.decode(bytes))
  if (encoding === ENCODINGS.abi) return decodeAbi(bytes)
  throw new HubError('HUB_APPLICATION', 'ICS-20: unknown encoding', { encoding })
}

/** `{"result":"AQ=="}` */
export const SUCCESS_ACKNOWLEDGEMENT: Uint8Array = utf8(`{"result":"${toBase64(Uint8Array.of(1))}"}`)

/** The error as ibc-go words it: only the code is part of consensus, never the text. */
export const errorAcknowledgement = (code: number): Uint8Array =>
  utf8(`{"error":"ABCI code: ${code}: error handling packet: see events for details"}`)

/** Whether an acknowledgement means success. Throws `HUB_DECODE` where it is neither. */
export function isSuccess(acknowledgement: Uint8Array): boolean {
  if (equal(acknowledgement, SUCCESS_ACKNOWLEDGEMENT)) return true
  let raw: { result?: unknown; error?: unknown }
  try {
    raw = JSON.parse(fromUtf8(acknowledgement))
  } catch (cause) {
    throw new HubError('HUB_DECODE', 'ICS-20: acknowledgement is not JSON', {}, { cause })
  }
  if (typeof raw !== 'object' || raw === null)
    throw new HubError('HUB_DECODE', 'ICS-20: acknowledgement is not an object')
  const keys = Object.keys(raw)
  if (keys.length === 1 && typeof raw.result === 'string') {
    fromBase64(raw.result)
    return true
  }
  if (keys.length === 1 && typeof raw.error === 'string') return false
  throw new HubError('HUB_DECODE', 'ICS-20: acknowledgement is neither a result nor an error')
}
