/** Executes a transaction of the chain again, as it ran in its block, and looks on. */
import { bytesToHex } from '@ethereumjs/util'
import { epochOfRound } from '@zos/zpos'
import type { StoredBlock, StoredTransaction } from '../chain/block-codec.ts'
import type { Chain } from '../chain/chain.ts'
import type { Evm } from '../execution/evm.ts'
import { writeSystemContracts } from '../execution/system-contracts.ts'
import { recordLeader } from '../native/dag-contract.ts'
import { type AccountState, type AddressHex, EMPTY_ACCOUNT, type Hash } from '../state/account.ts'
import { StateOverlay, type StateReader } from '../state/overlay.ts'
import type { CallFrame } from './call-frame.ts'

/** What one transaction did and saw. */
export interface Replayed {
  readonly transaction: StoredTransaction
  readonly frame: CallFrame
  /** Accounts and slots as they were when the transaction first read them. */
  readonly before: ReadSet
  /** The state after the transaction. */
  readonly after: StateOverlay
}

export interface ReadSet {
  readonly accounts: ReadonlyMap<AddressHex, AccountState | undefined>
  readonly slots: ReadonlyMap<AddressHex, ReadonlyMap<Hash, Uint8Array>>
}

/**
 * Runs the transactions of `block` in order on `base` (the state of its parent) up to `last`, calling `visit` after each. Cost: that of
 * executing them.
 */
export async function replay(
  evm: Evm,
  chain: Chain,
  block: StoredBlock,
  base: StateReader,
  last: number,
  visit: (replayed: Replayed) => void,
): Promise<void> {
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
  for (const transaction of chain.transactionsOf(block).slice(0, last + 1)) {
    const { reader, reads } = recordReads(state)
    const overlay = new StateOverlay(reader)
    const { frame } = await evm.trace(overlay, block.header, transaction.raw, transaction.sender)
    visit({ transaction, frame, before: reads, after: overlay })
    const { accounts, storage, code } = overlay.changes()
    for (const [address, account] of accounts) state.setAccount(address, account)
    for (const [address, slots] of storage) for (const [slot, value] of slots) state.setStorage(address, slot, value)
    for (const [address, account] of accounts) {
      const written = account && code.get(account.codeHash)
      if (written) state.setCode(address, written)
    }
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

/** go-ethereum's `prestateTracer`, without its difference mode. */
export function prestate({ before }: Replayed, code: (codeHash: Hash) => Uint8Array, emptyCode: Hash) {
  const accounts: Record<string, unknown> = {}
  for (const [address, account] of before.accounts) {
    const { balance, nonce, codeHash } = account ?? EMPTY_ACCOUNT
    const storage = [...(before.slots.get(address) ?? [])].map(([slot, value]) => [
      slot,
      `0x${Buffer.from(value).toString('hex').padStart(64, '0')}`,
    ])
    accounts[address] = {
      balance: `0x${balance.toString(16)}`,
      ...(nonce > 0n ? { nonce: Number(nonce) } : {}),
      ...(codeHash === emptyCode ? {} : { code: bytesToHex(code(codeHash)) }),
      ...(storage.length > 0 ? { storage: Object.fromEntries(storage) } : {}),
    }
  }
  return accounts
}
