/**
 * What the operations of development networks (operations.ts) do to a block. Everything that has to be the same on every node is kept in
 * the state itself, in the storage of one reserved account; what a snapshot needs to come back is kept beside the state.
 */
import { RLP } from '@ethereumjs/rlp'
import { bigIntToUnpaddedBytes, bytesToBigInt, bytesToHex, hexToBytes } from '@ethereumjs/util'
import type { Unit } from '@zos/dag'
import { decodeTransaction } from '@zos/pipeline/transaction'
import type { SignedTransaction } from '../execution/signed-transaction.ts'
import { type AddressHex, decodeAccount, EMPTY_ACCOUNT, encodeAccount, type Hash } from '../state/account.ts'
import type { StateChanges, StateOverlay, StateReader } from '../state/overlay.ts'
import { type KeyValueStore, type StoreChange, sortable } from '../store/kv.ts'
import { type DevRequest, devRequestsOf } from './operations.ts'
import { survivesUndo } from './protocol-accounts.ts'

/** Its storage holds the clock's offset, and the blocks of live snapshots. */
const DEV_ACCOUNT: AddressHex = `0x${'00'.repeat(18)}5aff`
const OFFSET_SLOT = slotAt(0n)
const SNAPSHOTS_SLOT = slotAt(1n)
const FIRST_SNAPSHOT_SLOT = 2n
/** A snapshot keeps what every later block overwrites: beyond this many a program forgot to go back. */
const MAX_SNAPSHOTS = 256n
const NO_BYTES = new Uint8Array()
/** 100 years, in seconds: no test goes further, and timestamps stay numbers. */
const MAX_OFFSET = 3_155_760_000n

/** What became of an operation. */
export type DevOutcome = { done: true; value?: bigint } | { done: false; reason: string }

/** A block of a development network in the making. */
export interface DevBlock {
  context: { timestamp: number; baseFeePerGas: bigint; mixHash: Hash }
  /** Impersonated transactions; they follow those of their unit. */
  transactions: { unit: string; transaction: SignedTransaction }[]
  /** Applies the operations to the state before the block's transactions. */
  prepare(state: StateOverlay): void
  /** What is stored with the block, from what it changed. */
  stored(changes: StateChanges): StoreChange[]
  outcomes: ReadonlyMap<string, DevOutcome>
  /** Blocks from this one on were undone: their transactions may come again. */
  undoneFrom: number | undefined
}

export interface DevBlockInput {
  number: number
  parent: { timestamp: number }
  /** Without any operation. */
  context: { timestamp: number; baseFeePerGas: bigint; mixHash: Hash }
  /** That carry messages, in the ledger's order. */
  units: readonly Unit[]
  base: StateReader
  /** False if what is beside the state cannot go back to that block. */
  canUndoTo?: ((block: number) => boolean) | undefined
}

/** Runs the operations that `input.units` carry. `store` is where undo records are read from. */
export async function openDevBlock(store: KeyValueStore, chainId: number, input: DevBlockInput): Promise<DevBlock> {
  const requests = input.units.flatMap((unit) => devRequestsOf(unit).map((request) => ({ unit: unit.id, request })))
  const outcomes = new Map<string, DevOutcome>()
  const offset = loadOffset(readSlot(input.base, OFFSET_SLOT))
  const clock = clockOf(
    requests.map(({ request }) => request),
    outcomes,
    input,
    offset,
  )
  const undo = await undoFor(store, requests, input)
  const block: DevBlock = {
    context: { ...input.context, ...clock.context },
    transactions: [],
    outcomes,
    undoneFrom: undo.from,
    prepare(state) {
      if (clock.offset !== offset) writeSlot(state, OFFSET_SLOT, storedOffset(clock.offset))
      for (const { request } of requests) {
        const outcome = apply(state, request, input, undo)
        if (outcome) outcomes.set(request.id, outcome)
      }
    },
    stored: (changes) => undoRecord(input, changes, undo),
  }
  for (const { unit, request } of requests) {
    if (request.operation.type !== 'transaction') continue
    const transaction = impersonated(request.operation.sender, request.operation.raw, chainId)
    outcomes.set(request.id, transaction ? { done: true } : { done: false, reason: 'the transaction does not decode' })
    if (transaction) block.transactions.push({ unit, transaction })
  }
  return block
}

/** A transaction that carries its sender instead of a signature. */
export function impersonated(sender: AddressHex, raw: Uint8Array, chainId: number): SignedTransaction | undefined {
  const decoded = decodeTransaction(raw, { chainId: BigInt(chainId) })
  if (decoded.status !== 'ok') return undefined
  return { tx: decoded.tx, hash: bytesToHex(decoded.tx.hash), sender, impersonated: true }
}

function clockOf(
  requests: readonly DevRequest[],
  outcomes: Map<string, DevOutcome>,
  { context, parent }: DevBlockInput,
  before: bigint,
) {
  const natural = BigInt(context.timestamp)
  let offset = before
  const changed: { baseFeePerGas?: bigint; mixHash?: Hash } = {}
  const move = (id: string, to: bigint) => {
    if (to > MAX_OFFSET) outcomes.set(id, { done: false, reason: 'the clock cannot go that far' })
    else {
      offset = to
      outcomes.set(id, { done: true, value: to })
    }
  }
  for (const { id, operation } of requests) {
    if (operation.type === 'passTime') move(id, offset + operation.seconds)
    else if (operation.type === 'timestamp') {
      if (operation.value < BigInt(parent.timestamp))
        outcomes.set(id, { done: false, reason: `the block before is at ${parent.timestamp}; time does not go back` })
      else move(id, operation.value - natural)
    } else if (operation.type === 'baseFee') {
      changed.baseFeePerGas = operation.value
      outcomes.set(id, { done: true })
    } else if (operation.type === 'prevRandao') {
      changed.mixHash = operation.value
      outcomes.set(id, { done: true })
    }
  }
  const timestamp = Number(natural + offset)
  return { offset, context: { timestamp: Math.max(parent.timestamp, timestamp), ...changed } }
}

/** Storage has no signs: the offset is kept with this much added when it is negative. */
const BIAS = 1n << 64n

function storedOffset(offset: bigint): bigint {
  return offset < 0n ? offset + BIAS : offset
}

function loadOffset(stored: bigint): bigint {
  return stored > MAX_OFFSET ? stored - BIAS : stored
}

interface Undo {
  /** Why nothing is undone although somebody asked. */
  refused?: string
  /** The first block that is undone. */
  from: number | undefined
  snapshot: bigint | undefined
  accounts: Map<AddressHex, Uint8Array>
  slots: Map<AddressHex, Map<Hash, Uint8Array>>
}

/** Collects what the blocks after the snapshot that the first `revert` names have overwritten: the oldest value of each place. */
async function undoFor(
  store: KeyValueStore,
  requests: readonly { request: DevRequest }[],
  { base, number, canUndoTo }: DevBlockInput,
): Promise<Undo> {
  const undo: Undo = { from: undefined, snapshot: undefined, accounts: new Map(), slots: new Map() }
  const operation = requests.map(({ request }) => request.operation).find(({ type }) => type === 'revert')
  if (operation?.type !== 'revert') return undo
  const { snapshot } = operation
  if (snapshot < 1n || snapshot > readSlot(base, SNAPSHOTS_SLOT)) return undo
  const block = Number(readSlot(base, slotAt(FIRST_SNAPSHOT_SLOT + snapshot - 1n)))
  if (canUndoTo?.(block) === false) return { ...undo, refused: `the IBC trees of block ${block} are no longer kept` }
  undo.snapshot = snapshot
  undo.from = block + 1
  for await (const [, bytes] of store.entries(undoKey(block + 1), undoKey(number))) {
    const [accounts, slots] = RLP.decode(bytes) as [Uint8Array[][], Uint8Array[][]]
    for (const [address, account] of accounts) {
      const key = bytesToHex(address!)
      if (!undo.accounts.has(key)) undo.accounts.set(key, account!)
    }
    for (const [address, slot, value] of slots) {
      const key = bytesToHex(address!)
      const of = undo.slots.get(key) ?? new Map<Hash, Uint8Array>()
      undo.slots.set(key, of)
      if (!of.has(bytesToHex(slot!))) of.set(bytesToHex(slot!), value!)
    }
  }
  return undo
}

function apply(
  state: StateOverlay,
  { operation }: DevRequest,
  { number }: DevBlockInput,
  undo: Undo,
): DevOutcome | undefined {
  const account = (address: AddressHex) => state.account(address) ?? EMPTY_ACCOUNT
  switch (operation.type) {
    case 'balance':
      state.setAccount(operation.address, { ...account(operation.address), balance: operation.value })
      return { done: true }
    case 'nonce':
      state.setAccount(operation.address, { ...account(operation.address), nonce: operation.value })
      return { done: true }
    case 'code':
      state.setCode(operation.address, operation.code)
      return { done: true }
    case 'storage':
      if (!state.account(operation.address)) state.setAccount(operation.address, { ...EMPTY_ACCOUNT, nonce: 1n })
      state.setStorage(operation.address, operation.slot, operation.value)
      return { done: true }
    case 'snapshot': {
      const count = readSlot(state, SNAPSHOTS_SLOT)
      if (count >= MAX_SNAPSHOTS) return { done: false, reason: `at most ${MAX_SNAPSHOTS} snapshots are kept` }
      writeSlot(state, slotAt(FIRST_SNAPSHOT_SLOT + count), BigInt(number))
      writeSlot(state, SNAPSHOTS_SLOT, count + 1n)
      return { done: true, value: count + 1n }
    }
    case 'revert':
      if (undo.refused !== undefined) return { done: false, reason: undo.refused }
      if (undo.snapshot !== operation.snapshot) return { done: true, value: 0n }
      restore(state, undo)
      writeSlot(state, SNAPSHOTS_SLOT, operation.snapshot - 1n)
      return { done: true, value: 1n }
    default:
      return undefined
  }
}

/** Puts everything back but what the protocol keeps: neither the clock nor the ledger goes back. */
function restore(state: StateOverlay, { accounts, slots }: Undo): void {
  for (const [address, rlp] of accounts)
    if (!survivesUndo(address)) state.setAccount(address, rlp.length === 0 ? undefined : decodeAccount(rlp))
  for (const [address, values] of slots)
    if (!survivesUndo(address)) for (const [slot, value] of values) state.setStorage(address, slot, value)
}

/** What the block overwrote, while a snapshot is kept; records that nothing needs any more go. */
function undoRecord({ base, number }: DevBlockInput, changes: StateChanges, { from }: Undo): StoreChange[] {
  const live = readSlot(overlaid(base, changes), SNAPSHOTS_SLOT)
  const before = readSlot(base, SNAPSHOTS_SLOT)
  const stored: StoreChange[] = []
  if (live === 0n) {
    if (from !== undefined) for (let block = from; block < number; block++) stored.push({ key: undoKey(block) })
    return stored
  }
  if (before === 0n) return stored // the snapshot is of the state after this block
  const accounts = [...changes.accounts.keys()].map((address) => {
    const account = base.account(address)
    return [hexToBytes(address), account ? encodeAccount(account) : NO_BYTES]
  })
  const slots = [...changes.storage].flatMap(([address, values]) =>
    [...values.keys()].map((slot) => [hexToBytes(address), hexToBytes(slot), base.storage(address, slot)]),
  )
  stored.push({ key: undoKey(number), value: RLP.encode([accounts, slots]) })
  return stored
}

function overlaid(base: StateReader, { storage }: StateChanges): Pick<StateReader, 'storage'> {
  return { storage: (address, slot) => storage.get(address)?.get(slot) ?? base.storage(address, slot) }
}

function undoKey(block: number): string {
  return `D${sortable(block)}`
}

function slotAt(index: bigint): Hash {
  return `0x${index.toString(16).padStart(64, '0')}`
}

function readSlot(state: Pick<StateReader, 'storage'>, slot: Hash): bigint {
  return bytesToBigInt(state.storage(DEV_ACCOUNT, slot))
}

/** The account keeps a nonce of 1, so that it is not empty and stays (EIP-161). */
function writeSlot(state: StateOverlay, slot: Hash, value: bigint): void {
  if (!state.account(DEV_ACCOUNT)) state.setAccount(DEV_ACCOUNT, { ...EMPTY_ACCOUNT, nonce: 1n })
  state.setStorage(DEV_ACCOUNT, slot, value === 0n ? NO_BYTES : bigIntToUnpaddedBytes(value))
}
