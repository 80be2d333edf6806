/** go-ethereum's `prestateTracer`: the accounts that a transaction read, or with `diffMode` what it changed, before and after. */
import { bytesToHex } from '@ethereumjs/util'
import { type AccountState, type AddressHex, EMPTY_ACCOUNT, type Hash, NO_CODE } from '../state/account.ts'
import type { ReadSet, TraceRun, Tracer } from './replay.ts'

interface AccountTold {
  balance?: Hash
  nonce?: number
  code?: Hash
  storage?: Record<Hash, Hash>
}
type Told = Record<AddressHex, AccountTold>

export const tracePrestate: Tracer<Told> = async (run) => {
  await run.execute({})
  const told: Told = {}
  for (const [address, account] of run.reads.accounts)
    told[address] = { ...whole(run, account), ...storageOf(run.reads.slots.get(address) ?? new Map()) }
  return told
}

export const traceStateDiff: Tracer<{ pre: Told; post: Told }> = async (run) => {
  await run.execute({})
  const { accounts, storage } = run.state.changes()
  const pre: Told = {}
  const post: Told = {}
  for (const address of new Set([...accounts.keys(), ...storage.keys()])) {
    const before = run.reads.accounts.get(address)
    const after = run.state.account(address)
    const slots = changedSlots(run.reads, address, storage.get(address))
    const changed = { ...changedFields(run, before, after), ...storageOf(slots.after) }
    if (Object.keys(changed).length === 0 && slots.before.size === 0 && !after === !before) continue
    if (before) pre[address] = { ...whole(run, before), ...storageOf(slots.before) }
    if (after) post[address] = changed
  }
  return { pre, post }
}

function whole(run: TraceRun, account: AccountState = EMPTY_ACCOUNT): AccountTold {
  const { balance, nonce, codeHash } = account
  return {
    balance: `0x${balance.toString(16)}`,
    ...(nonce > 0n ? { nonce: Number(nonce) } : {}),
    ...(codeHash === NO_CODE ? {} : { code: bytesToHex(run.state.code(codeHash)) }),
  }
}

function changedFields(run: TraceRun, before = EMPTY_ACCOUNT, after = EMPTY_ACCOUNT): AccountTold {
  return {
    ...(after.balance === before.balance ? {} : { balance: `0x${after.balance.toString(16)}` as const }),
    ...(after.nonce === before.nonce ? {} : { nonce: Number(after.nonce) }),
    ...(after.codeHash === before.codeHash
      ? {}
      : { code: after.codeHash === NO_CODE ? ('0x' as const) : bytesToHex(run.state.code(after.codeHash)) }),
  }
}

/** The slots whose value is another one now. Zero is told by leaving the slot out, as go-ethereum does. */
function changedSlots(reads: ReadSet, address: AddressHex, written: ReadonlyMap<Hash, Uint8Array> = new Map()) {
  const before = new Map<Hash, Uint8Array>()
  const after = new Map<Hash, Uint8Array>()
  for (const [slot, value] of written) {
    const was = reads.slots.get(address)?.get(slot) ?? new Uint8Array()
    if (bytesToHex(was) === bytesToHex(value)) continue
    if (was.length > 0) before.set(slot, was)
    if (value.length > 0) after.set(slot, value)
  }
  return { before, after }
}

function storageOf(slots: ReadonlyMap<Hash, Uint8Array>): AccountTold {
  if (slots.size === 0) return {}
  const word = (value: Uint8Array): Hash => `0x${bytesToHex(value).slice(2).padStart(64, '0')}`
  return { storage: Object.fromEntries([...slots].map(([slot, value]) => [slot, word(value)])) }
}
