/** A chain behind an EIP-1193 provider: calls, transactions with their receipts, and headers of blocks. */
import { keccak_256 } from '@noble/hashes/sha3.js'
import { sameBytes } from '../content/bytes.ts'
import { StorageError } from '../errors.ts'
import { type AbiReader, bytesOf, type Hex, readAbi } from './abi.ts'
import { encodeBytes, encodeList, encodeQuantity } from './rlp.ts'

/** What wallets and nodes offer (EIP-1193). It signs for the account that calls. */
export interface Eip1193Port {
  request(call: { readonly method: string; readonly params?: readonly unknown[] }): Promise<unknown>
}

/** Time, as the market's parts see it; on Node `{ sleep: (ms, signal) => setTimeout(ms, undefined, { signal }) }` with that of `node:timers/promises`. */
export interface MarketClock {
  /** Resolves after `ms`; rejects when `signal` ends it. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** What {@link createChain} is made of. */
export interface ChainOptions {
  readonly provider: Eip1193Port
  /** the account whose transactions the provider signs */
  readonly account: Hex
  readonly clock: MarketClock
  /** how long a receipt is waited for, default 60,000 */
  readonly receiptTimeoutMs?: number
  /** between two looks for a receipt, default 500 */
  readonly pollMs?: number
  /** names of the contract's errors by their selector */
  readonly errorNames: ReadonlyMap<string, string>
}

/** A log of a receipt. */
export interface Log {
  readonly address: Hex
  readonly topics: readonly Hex[]
}

/** A transaction to be. */
export interface Call {
  readonly to: Hex
  readonly data: Hex
  readonly value?: bigint
  /** gas to send, for a call that would fail if it were tried in the newest block and not after it; it is not tried then */
  readonly gas?: bigint
}

/** The calls that the market makes on a chain. All throw StorageError: `STORAGE_UNAVAILABLE` when the node does not answer, `STORAGE_REVERTED` when the contract refuses. */
export interface Chain {
  read(call: Call): Promise<AbiReader>
  /** Tries the call first, so that a refusal costs nothing, unless it says its gas; then sends it and waits for its receipt. */
  send(call: Call): Promise<readonly Log[]>
  /** Number and timestamp (seconds) of a block; the newest without a number. `undefined` for one that is not there. */
  block(number?: number): Promise<{ readonly number: number; readonly timestamp: number } | undefined>
  /** The RLP of a block's header. @throws StorageError `STORAGE_MALFORMED` when it does not have the block's hash */
  header(number: number): Promise<Uint8Array>
}

/** Makes a chain of a provider. */
export function createChain(options: ChainOptions): Chain {
  const { provider, account, errorNames, clock } = options
  const pollMs = options.pollMs ?? 500
  const timeoutMs = options.receiptTimeoutMs ?? 60_000

  async function request(method: string, ...params: unknown[]): Promise<unknown> {
    try {
      return await provider.request({ method, params })
    } catch (cause) {
      const revert = revertData(cause)
      const said = (cause as { message?: unknown } | undefined)?.message ?? cause
      if (revert === undefined)
        throw new StorageError('STORAGE_UNAVAILABLE', `${method} failed: ${said}`, { method }, { cause })
      const error = errorNames.get(revert.slice(0, 10)) ?? revert.slice(0, 10)
      throw new StorageError('STORAGE_REVERTED', `The contract refuses: ${error}`, { error, data: revert }, { cause })
    }
  }

  const fields = ({ to, data, value = 0n }: Call) => ({ from: account, to, data, value: `0x${value.toString(16)}` })
  const call = async (one: Call) => bytesOf(await request('eth_call', fields(one), 'latest'))

  async function receipt(hash: unknown): Promise<{ status?: unknown; logs?: unknown }> {
    for (let waited = 0; waited <= timeoutMs; waited += pollMs) {
      const found = await request('eth_getTransactionReceipt', hash)
      if (found) return found
      await clock.sleep(pollMs)
    }
    throw new StorageError('STORAGE_UNAVAILABLE', `${hash} has no receipt after ${timeoutMs} ms`, { hash })
  }

  return {
    read: async (one) => readAbi(await call(one)),
    async send(one) {
      if (one.gas === undefined) await call(one)
      const gas = one.gas === undefined ? {} : { gas: `0x${one.gas.toString(16)}` }
      const hash = await request('eth_sendTransaction', { ...fields(one), ...gas })
      const { status, logs } = await receipt(hash)
      if (status !== '0x1')
        throw new StorageError('STORAGE_REVERTED', `Transaction ${hash} failed`, { error: 'failed', hash })
      return (logs ?? []) as Log[]
    },
    async block(number) {
      const tag = number === undefined ? 'latest' : `0x${number.toString(16)}`
      const found = (await request('eth_getBlockByNumber', tag, false)) as Record<string, string> | null
      return found ? { number: Number(found.number), timestamp: Number(found.timestamp) } : undefined
    },
    async header(number) {
      const found = (await request('eth_getBlockByNumber', `0x${number.toString(16)}`, false)) as Record<
        string,
        unknown
      > | null
      if (!found) throw new StorageError('STORAGE_NOT_FOUND', `The node has no block ${number}`, { number })
      return encodeHeader(found)
    },
  }
}

/** Fields of a header in their order, and whether they are quantities. The last ones came with forks; a chain has them up to one of them. */
const HEADER = [
  ['parentHash', false],
  ['sha3Uncles', false],
  ['miner', false],
  ['stateRoot', false],
  ['transactionsRoot', false],
  ['receiptsRoot', false],
  ['logsBloom', false],
  ['difficulty', true],
  ['number', true],
  ['gasLimit', true],
  ['gasUsed', true],
  ['timestamp', true],
  ['extraData', false],
  ['mixHash', false],
  ['nonce', false],
  ['baseFeePerGas', true],
  ['withdrawalsRoot', false],
  ['blobGasUsed', true],
  ['excessBlobGas', true],
  ['parentBeaconBlockRoot', false],
  ['requestsHash', false],
] as const

/**
 * The RLP of the header in a JSON-RPC block.
 * @throws StorageError `STORAGE_MALFORMED` when it does not have the block's hash
 */
export function encodeHeader(block: Readonly<Record<string, unknown>>): Uint8Array {
  const present = HEADER.filter(([name]) => block[name] !== undefined && block[name] !== null)
  const header = encodeList(
    present.map(([name, quantity]) => {
      const hex = String(block[name])
      return quantity ? encodeQuantity(BigInt(hex)) : encodeBytes(bytesOf(hex))
    }),
  )
  if (!sameBytes(keccak_256(header), bytesOf(block.hash)))
    throw new StorageError('STORAGE_MALFORMED', `The header of block ${block.number} does not have its hash`, {
      hash: block.hash,
    })
  return header
}

/** The data of a revert in an error, wherever providers put it. */
function revertData(error: unknown, depth = 0): Hex | undefined {
  if (typeof error !== 'object' || error === null || depth > 3) return undefined
  const { data, error: inner, cause } = error as { data?: unknown; error?: unknown; cause?: unknown }
  if (typeof data === 'string' && /^0x([0-9a-fA-F]{2}){4,}$/.test(data)) return data as Hex
  return revertData(data, depth + 1) ?? revertData(inner, depth + 1) ?? revertData(cause, depth + 1)
}

/** The first block at or after `time`, seconds, among those that a contract can still check. `undefined` when there is none yet, or no longer. */
export async function firstBlockAt(chain: Chain, time: number): Promise<number | undefined> {
  const head = await chain.block()
  if (head === undefined || head.timestamp < time) return undefined
  const floor = Math.max(0, head.number - HISTORY_BLOCKS)
  let [low, high] = [head.number, head.number]
  // Back in growing steps: what is looked for is mostly near, and a pruned node may not have what is far.
  for (let step = 1; ; step *= 2) {
    low = Math.max(floor, head.number - step)
    const found = await chain.block(low)
    if (found === undefined || (low === floor && found.timestamp >= time)) return undefined
    if (found.timestamp < time) break
    high = low
  }
  // Always: block `low` is before the time, `high` is not.
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    const found = await chain.block(middle)
    if (found === undefined) return undefined
    if (found.timestamp < time) low = middle
    else high = middle
  }
  return high
}

/** The contract knows hashes of the last 8,191 blocks (EIP-2935); some are left for the time until the transaction is in a block. */
const HISTORY_BLOCKS = 8_150
