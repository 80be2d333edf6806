/** One case of the published state tests (github.com/ethereum/tests, GeneralStateTests): a transaction on a small state, and what has to come out. */
import { RLP } from '@ethereumjs/rlp'
import { bytesToHex, hexToBytes, unpadBytes } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import { decodeTransaction, type Transaction } from '@zos/pipeline/transaction'
import type { BlockContext } from '../../../src/execution/block-context.ts'
import type { Evm } from '../../../src/execution/evm.ts'
import { executeBlock } from '../../../src/execution/execute-block.ts'
import { MAX_TRANSACTION_GAS } from '../../../src/execution/gas-limits.ts'
import type { Log } from '../../../src/execution/receipt.ts'
import { type AddressHex, EMPTY_ACCOUNT, encodeAccount, type Hash } from '../../../src/state/account.ts'
import { type StateChanges, StateOverlay, type StateReader } from '../../../src/state/overlay.ts'
import { type TrieUpdate, trieRoot } from '../../../src/state/trie.ts'
import { hashedKey } from '../../../src/state/world-state.ts'

/** A state as the tests write it; quantities in hex. */
export type PreState = Readonly<
  Record<AddressHex, { balance: Hex; nonce: Hex; code: Hex; storage: Readonly<Record<Hex, Hex>> }>
>
export type Hex = `0x${string}`

export interface StateCase {
  readonly pre: PreState
  readonly context: BlockContext
  /** The transaction, signed. */
  readonly raw: Uint8Array
  readonly sender: AddressHex
}

export interface StateResult {
  readonly root: Hash
  /** Keccak-256 of the RLP of the logs. */
  readonly logs: Hash
  /** Why nothing was executed. */
  readonly refused: string | undefined
}

/** Runs a case as a block of one transaction. One with more gas than a block of this chain gives to one runs in the EVM alone. */
export async function runCase(evm: Evm, { pre, context, raw, sender }: StateCase): Promise<StateResult> {
  const state = stateOf(pre)
  const decoded = decodeTransaction(raw)
  if (decoded.status !== 'ok') return resultOf(pre, state, [], decoded.code)
  const { tx } = decoded
  if (tx.gasLimit > MAX_TRANSACTION_GAS)
    return runAlone(pre, async (after) => {
      mayBegin(tx, sender, after, context)
      return (await evm.transact(after, context, raw, sender)).logs
    })
  const transaction = { tx, hash: bytesToHex(keccak256(raw)), sender }
  const { included, skipped, changes } = await executeBlock(evm, state, context, [transaction])
  return resultOf(pre, state, included[0]?.receipt.logs ?? [], skipped[0]?.reason, changes)
}

/** Runs what may throw, then without effect, on the state of a case; it returns the logs. */
export async function runAlone(
  pre: PreState,
  run: (state: StateOverlay) => Promise<readonly Log[]>,
): Promise<StateResult> {
  const state = stateOf(pre)
  const after = new StateOverlay(state)
  try {
    const logs = await run(after)
    return resultOf(pre, state, logs, undefined, after.changes())
  } catch (error) {
    return resultOf(pre, state, [], (error as Error).message)
  }
}

function resultOf(
  pre: PreState,
  state: StateReader,
  logs: readonly Log[],
  refused: string | undefined,
  changes?: StateChanges,
): StateResult {
  const encoded = RLP.encode(logs.map(({ address, topics, data }) => [address, [...topics], data]))
  return { root: rootOf(pre, state, changes), logs: bytesToHex(keccak256(encoded)), refused }
}

/** What a block checks before the EVM, where its limit of a transaction is not meant. */
function mayBegin(tx: Transaction, sender: AddressHex, state: StateOverlay, context: BlockContext): void {
  const { nonce, balance } = state.account(sender) ?? EMPTY_ACCOUNT
  if (tx.nonce !== nonce) throw new Error('nonce')
  if (tx.maxFeePerGas < context.baseFeePerGas) throw new Error('fee')
  if (balance < tx.gasLimit * tx.maxFeePerGas + tx.value) throw new Error('funds')
  if (tx.gasLimit > context.gasLimit) throw new Error('the gas limit of the block')
}

function stateOf(pre: PreState): StateOverlay {
  const state = new StateOverlay({
    account: () => undefined,
    storage: () => new Uint8Array(),
    code: () => new Uint8Array(),
  })
  for (const [address, { balance, nonce, code, storage }] of Object.entries(pre) as [AddressHex, PreState[Hex]][]) {
    const slots = Object.entries(storage).map(
      ([slot, value]) => [slotOf(slot as Hex), unpadBytes(hexToBytes(even(value)))] as const,
    )
    const storageRoot = storageRootOf(slots)
    state.setAccount(address, { ...EMPTY_ACCOUNT, balance: BigInt(balance), nonce: BigInt(nonce), storageRoot })
    state.setCode(address, hexToBytes(code))
    for (const [slot, value] of slots) state.setStorage(address, slot, value)
  }
  return state
}

const even = (hex: Hex): Hex => (hex.length % 2 === 0 ? hex : `0x0${hex.slice(2)}`)
const slotOf = (slot: Hex): Hash => `0x${slot.slice(2).padStart(64, '0')}`

/** The root of the state that `changes` leave of `pre`, made anew. */
function rootOf(pre: PreState, state: StateReader, changes?: StateChanges): Hash {
  const addresses = new Set([...Object.keys(pre), ...(changes?.accounts.keys() ?? [])] as AddressHex[])
  const entries = [...addresses].flatMap((address): TrieUpdate[] => {
    const account = changes?.accounts.has(address) ? changes.accounts.get(address) : state.account(address)
    if (!account) return []
    const before = Object.keys(pre[address]?.storage ?? {}).map((slot) => slotOf(slot as Hex))
    const slots = new Set([...before, ...(changes?.storage.get(address)?.keys() ?? [])])
    const storageRoot = storageRootOf(
      [...slots].map((slot) => [slot, changes?.storage.get(address)?.get(slot) ?? state.storage(address, slot)]),
    )
    return [[hashedKey(address), encodeAccount({ ...account, storageRoot })]]
  })
  return bytesToHex(trieRoot(entries))
}

function storageRootOf(slots: readonly (readonly [slot: Hash, value: Uint8Array])[]): Hash {
  const entries = slots.filter(([, value]) => value.length > 0)
  return bytesToHex(trieRoot(entries.map(([slot, value]) => [hashedKey(slot), RLP.encode(value)])))
}
