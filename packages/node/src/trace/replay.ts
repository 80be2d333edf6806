/** Executes a transaction of the chain again, as it ran in its block, and looks on. */
import { decodeTransaction } from '@zos/pipeline/transaction'
import { epochOfRound } from '@zos/zpos'
import type { StoredBlock, StoredTransaction } from '../chain/block-codec.ts'
import type { Chain } from '../chain/chain.ts'
import type { Evm, EvmObserver, EvmOutcome } from '../execution/evm.ts'
import { writeSystemContracts } from '../execution/system-contracts.ts'
import { recordLeader } from '../native/dag-contract.ts'
import type { AccountState, AddressHex, Hash } from '../state/account.ts'
import { StateOverlay, type StateReader } from '../state/overlay.ts'

/** One transaction, or one call, that a tracer runs and looks at. */
export interface TraceRun {
  /** The state before; after {@link execute} the one after. */
  readonly state: StateOverlay
  /** Accounts and slots as they were when the run first read them. */
  readonly reads: ReadSet
  readonly gasLimit: bigint
  /** Once. */
  execute(observer: EvmObserver): Promise<EvmOutcome>
}

/** Runs what it is given and tells what it saw. */
export type Tracer<T = unknown> = (run: TraceRun) => Promise<T>

export interface ReadSet {
  readonly accounts: ReadonlyMap<AddressHex, AccountState | undefined>
  readonly slots: ReadonlyMap<AddressHex, ReadonlyMap<Hash, Uint8Array>>
}

/**
 * Runs the transactions of `block` in order on `base` (the state of its parent) up to `last`; those from `first` on as `tracer` has it.
 * Cost: that of executing them.
 */
export async function replay<T>(
  evm: Evm,
  chain: Chain,
  block: StoredBlock,
  base: StateReader,
  { first, last }: { first: number; last: number },
  tracer: Tracer<T>,
): Promise<{ transaction: StoredTransaction; result: T }[]> {
  const parent = chain.block(block.header.number - 1)!
  const state = new StateOverlay(base)
  writeSystemContracts(state, { ...block.header, parentUnit: parent.leader })
  const mci = Math.max(0, ...block.units.map((unit) => unit.mci))
  recordLeader(state, block.header.number, {
    unit: block.leader,
    mci,
    round: block.round,
    epoch: epochOfRound(block.round),
  })
  const traced: { transaction: StoredTransaction; result: T }[] = []
  for (const transaction of chain.transactionsOf(block).slice(0, last + 1)) {
    const { raw, sender, index } = transaction
    const run = traceRun(evm, state, gasLimitOf(transaction), (overlay) =>
      evm.transact(overlay, block.header, raw, sender),
    )
    if (index < first) await run.execute({})
    else traced.push({ transaction, result: await tracer(run) })
    adopt(state, run.state)
  }
  return traced
}

/** `execute` on an overlay over `base` that remembers what it reads. */
export function traceRun(
  evm: Evm,
  base: StateReader,
  gasLimit: bigint,
  execute: (overlay: StateOverlay) => Promise<EvmOutcome>,
): TraceRun {
  const { reader, reads } = recordReads(base)
  const state = new StateOverlay(reader)
  return { state, reads, gasLimit, execute: (observer) => evm.watch(observer, () => execute(state)) }
}

function gasLimitOf({ raw, hash }: StoredTransaction): bigint {
  const decoded = decodeTransaction(raw)
  if (decoded.status !== 'ok') throw new Error(`the stored transaction ${hash} does not decode: ${decoded.reason}`)
  return decoded.tx.gasLimit
}

function adopt(state: StateOverlay, from: StateOverlay): void {
  const { accounts, storage, code } = from.changes()
  for (const [address, account] of accounts) state.setAccount(address, account)
  for (const [address, slots] of storage) for (const [slot, value] of slots) state.setStorage(address, slot, value)
  for (const [address, account] of accounts) {
    const written = account && code.get(account.codeHash)
    if (written) state.setCode(address, written)
  }
}

/** A reader of `base` that remembers what was read first. */
export function recordReads(base: StateReader): { reader: StateReader; reads: ReadSet } {
  const accounts = new Map<AddressHex, AccountState | undefined>()
  const slots = new Map<AddressHex, Map<Hash, Uint8Array>>()
  return {
    reads: { accounts, slots },
    reader: {
      account(address) {
        const account = base.account(address)
        if (!accounts.has(address)) accounts.set(address, account)
        return account
      },
      storage(address, slot) {
        const value = base.storage(address, slot)
        const known = slots.get(address) ?? new Map<Hash, Uint8Array>()
        slots.set(address, known)
        if (!known.has(slot)) known.set(slot, value)
        return value
      },
      code: (codeHash) => base.code(codeHash),
    },
  }
}
