/**
 * Strict decoder of signed Ethereum transactions: legacy (before and after EIP-155), EIP-2930, EIP-1559 and EIP-7702.
 * One encoding per value; whatever any mainnet client would refuse on sight is refused here with a reason.
 */
import { keccak256 } from '../hash/keccak.ts'
import { encodeInteger, listHeader, RlpFault, RlpReader } from './rlp.ts'
import type {
  AccessListEntry,
  Authorization,
  DecodedTransaction,
  Transaction,
  TransactionFault,
  TransactionSignature,
  TransactionType,
} from './transaction.ts'

/** go-ethereum's `txMaxSize`: what the network forwards. */
export const MAX_TRANSACTION_BYTES = 128 * 1024
/** Entries and keys together: 128 KiB hold no more than about 4,000 keys; bounds the objects one transaction may make. */
export const MAX_ACCESS_LIST_ITEMS = 4096
/** EIP-7702 authorizations: each costs 25,000 gas, so a 30 M gas block holds 1,200. */
export const MAX_AUTHORIZATIONS = 1200
/** EIP-3860: twice the 24,576 bytes of EIP-170. */
export const MAX_INIT_CODE_BYTES = 49_152

/** The order n of secp256k1 (SEC 2 §2.4.1). */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const HALF_ORDER = ORDER >> 1n
const MAX_UINT64 = 0xffffffffffffffffn

/** What a decoder accepts beside what the format demands. */
export interface DecodeOptions {
  /** Refuses transactions of another chain. Not given: any chain id passes. */
  readonly chainId?: bigint
  /** With `chainId`: refuse legacy transactions without replay protection (EIP-155). Default true. */
  readonly requireReplayProtection?: boolean
}

class Fault {
  readonly code: TransactionFault
  readonly reason: string

  constructor(code: TransactionFault, reason: string) {
    this.code = code
    this.reason = reason
  }
}

/**
 * Decodes one signed transaction. Never throws on foreign bytes: the verdict says what is wrong.
 * `tx.to`, `tx.data` and `tx.raw` are views on `raw`, which must not change afterwards.
 * Cost: two keccak256 (about 2 µs for a transfer) and a handful of allocations.
 */
export function decodeTransaction(raw: Uint8Array, options: DecodeOptions = {}): DecodedTransaction {
  try {
    if (raw.length === 0) throw new Fault('empty', 'no bytes')
    if (raw.length > MAX_TRANSACTION_BYTES)
      throw new Fault('too-large', `${raw.length} bytes, at most ${MAX_TRANSACTION_BYTES} allowed`)
    const first = raw[0]!
    const tx = first >= 0xc0 ? decodeLegacy(raw) : decodeTyped(raw, first)
    check(tx, options)
    return { status: 'ok', tx }
  } catch (error) {
    if (error instanceof Fault || error instanceof RlpFault)
      return { status: 'invalid', code: error.code, reason: error.reason }
    throw error
  }
}

function decodeLegacy(raw: Uint8Array): Transaction {
  const outer = new RlpReader(raw)
  const list = outer.list('transaction')
  outer.finish('transaction')
  const start = list.position
  const nonce = list.integer('nonce', 8)
  const gasPrice = list.integer('gasPrice', 32)
  const gasLimit = list.integer('gasLimit', 8)
  const to = recipient(list)
  const value = list.integer('value', 32)
  const data = list.string('data')
  const unsigned = raw.subarray(start, list.position)
  const v = list.integer('v', 32)
  const r = list.integer('r', 32)
  const s = list.integer('s', 32)
  list.finish('transaction')
  let chainId: bigint | undefined
  let yParity: 0 | 1
  if (v === 27n || v === 28n) yParity = v === 28n ? 1 : 0
  else if (v >= 35n) {
    chainId = (v - 35n) >> 1n
    yParity = (v - 35n) & 1n ? 1 : 0
  } else throw new Fault('signature-parity', `v is ${v}, neither 27, 28 nor chainId · 2 + 35`)
  const suffix = chainId === undefined ? new Uint8Array(0) : joined(encodeInteger(chainId), Uint8Array.of(0x80, 0x80))
  const signed = joined(listHeader(unsigned.length + suffix.length), unsigned, suffix)
  return {
    type: 0,
    chainId,
    nonce,
    gasLimit,
    maxFeePerGas: gasPrice,
    maxPriorityFeePerGas: gasPrice,
    to,
    value,
    data,
    accessList: [],
    authorizationList: [],
    signature: signature(r, s, yParity),
    raw,
    hash: keccak256(raw),
    signingHash: keccak256(signed),
  }
}

function decodeTyped(raw: Uint8Array, first: number): Transaction {
  if (first === 3) throw new Fault('blob-unsupported', 'blob transactions (EIP-4844) are not carried by this ledger')
  if (first !== 1 && first !== 2 && first !== 4)
    throw new Fault('type-unsupported', `transaction type 0x${first.toString(16)} is not known`)
  const type: TransactionType = first
  const outer = new RlpReader(raw, 1)
  const list = outer.list('transaction')
  outer.finish('transaction')
  const start = list.position
  const chainId = list.integer('chainId', 32)
  const nonce = list.integer('nonce', 8)
  let maxPriorityFeePerGas = list.integer(type === 1 ? 'gasPrice' : 'maxPriorityFeePerGas', 32)
  let maxFeePerGas = maxPriorityFeePerGas
  if (type !== 1) maxFeePerGas = list.integer('maxFeePerGas', 32)
  else maxPriorityFeePerGas = maxFeePerGas
  const gasLimit = list.integer('gasLimit', 8)
  const to = recipient(list)
  const value = list.integer('value', 32)
  const data = list.string('data')
  const accessList = readAccessList(list)
  const authorizationList = type === 4 ? readAuthorizations(list) : []
  const unsigned = raw.subarray(start, list.position)
  const parity = list.integer('yParity', 1)
  const r = list.integer('r', 32)
  const s = list.integer('s', 32)
  list.finish('transaction')
  if (parity > 1n) throw new Fault('signature-parity', `yParity is ${parity}`)
  if (type === 4 && to === undefined) throw new Fault('address-length', 'EIP-7702 transactions cannot create contracts')
  return {
    type,
    chainId,
    nonce,
    gasLimit,
    maxFeePerGas,
    maxPriorityFeePerGas,
    to,
    value,
    data,
    accessList,
    authorizationList,
    signature: signature(r, s, parity === 1n ? 1 : 0),
    raw,
    hash: keccak256(raw),
    signingHash: keccak256(joined(Uint8Array.of(type), listHeader(unsigned.length), unsigned)),
  }
}

/** Rules that hold for every type. */
function check(tx: Transaction, options: DecodeOptions): void {
  if (tx.maxPriorityFeePerGas > tx.maxFeePerGas)
    throw new Fault('fee-order', `priority fee ${tx.maxPriorityFeePerGas} above maximum fee ${tx.maxFeePerGas}`)
  // EIP-2681: the nonce 2^64 − 1 cannot be used.
  if (tx.nonce === MAX_UINT64) throw new Fault('rlp-integer', 'nonce: 2^64 − 1 is not usable')
  if (tx.gasLimit * tx.maxFeePerGas >= 1n << 256n)
    throw new Fault('gas-overflow', 'gas limit times fee exceeds 256 bits')
  if (tx.to === undefined && tx.data.length > MAX_INIT_CODE_BYTES)
    throw new Fault(
      'init-code-too-large',
      `${tx.data.length} bytes of init code, at most ${MAX_INIT_CODE_BYTES} allowed`,
    )
  if (options.chainId === undefined) return
  if (tx.chainId === undefined) {
    if (options.requireReplayProtection ?? true)
      throw new Fault('replay-unprotected', 'legacy transaction without a chain id (EIP-155)')
  } else if (tx.chainId !== options.chainId)
    throw new Fault('chain-mismatch', `chain id ${tx.chainId}, this chain is ${options.chainId}`)
}

function signature(r: bigint, s: bigint, yParity: 0 | 1): TransactionSignature {
  if (r === 0n || r >= ORDER || s === 0n || s >= ORDER)
    throw new Fault('signature-range', 'r or s is zero or not below the group order')
  if (s > HALF_ORDER) throw new Fault('signature-high-s', 's is in the upper half (EIP-2)')
  return { r, s, yParity }
}

function recipient(list: RlpReader): Uint8Array | undefined {
  const to = list.string('to')
  if (to.length === 0) return undefined
  return address(to, 'to')
}

function address(bytes: Uint8Array, field: string): Uint8Array {
  if (bytes.length !== 20) throw new Fault('address-length', `${field}: ${bytes.length} bytes, an address has 20`)
  return bytes
}

function readAccessList(list: RlpReader): AccessListEntry[] {
  const entries: AccessListEntry[] = []
  const items = list.list('accessList')
  let count = 0
  while (!items.done) {
    const item = items.list('accessList entry')
    const entry = {
      address: address(item.string('accessList address'), 'accessList address'),
      storageKeys: [] as Uint8Array[],
    }
    const keys = item.list('storageKeys')
    item.finish('accessList entry')
    count++
    while (!keys.done) {
      const key = keys.string('storage key')
      if (key.length !== 32) throw new Fault('storage-key-length', `storage key of ${key.length} bytes`)
      entry.storageKeys.push(key)
      count++
    }
    if (count > MAX_ACCESS_LIST_ITEMS)
      throw new Fault('access-list-too-long', `more than ${MAX_ACCESS_LIST_ITEMS} entries and keys`)
    entries.push(entry)
  }
  return entries
}

function readAuthorizations(list: RlpReader): Authorization[] {
  const authorizations: Authorization[] = []
  const items = list.list('authorizationList')
  while (!items.done) {
    if (authorizations.length === MAX_AUTHORIZATIONS)
      throw new Fault('authorization-list', `more than ${MAX_AUTHORIZATIONS} authorizations`)
    const item = items.list('authorization')
    authorizations.push({
      chainId: item.integer('authorization chainId', 32),
      address: address(item.string('authorization address'), 'authorization address'),
      nonce: item.integer('authorization nonce', 8),
      yParity: item.integer('authorization yParity', 1),
      r: item.integer('authorization r', 32),
      s: item.integer('authorization s', 32),
    })
    item.finish('authorization')
  }
  if (authorizations.length === 0) throw new Fault('authorization-list', 'empty authorization list (EIP-7702)')
  return authorizations
}

function joined(...parts: Uint8Array[]): Uint8Array {
  let size = 0
  for (const part of parts) size += part.length
  const out = new Uint8Array(size)
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}
