/** IBC in a node, put together: the host for execution and for calls, the provable trees, the checkpoints. */
import type { Message, Unit } from '@zos/dag'
import type { Genesis } from '../genesis/genesis.ts'
import { slotAt, systemStorage } from '../native/native-storage.ts'
import type { Hash } from '../state/account.ts'
import type { StateOverlay } from '../state/overlay.ts'
import type { KeyValueStore, StoreChange } from '../store/kv.ts'
import { IBC_HOST_ADDRESS } from './addresses.ts'
import { readRecord } from './byte-records.ts'
import { STORE_POSITION } from './host-records.ts'
import { IbcCheckpoints } from './ibc-checkpoints.ts'
import { IbcMachine } from './ibc-host.ts'
import { type BlockFacts, IbcLedger } from './ibc-ledger.ts'

/** Slot 2 of the host: the app hash of the block, so that a proof of the state root reaches what other chains see. */
const APP_HASH_SLOT = slotAt(2n)

export interface IbcBlock {
  readonly number: number
  readonly timeMs: number
  readonly unit: Hash
  readonly mci: number
}

export class Ibc {
  /** For execution. */
  readonly machine: IbcMachine
  /** For calls that change nothing. */
  readonly callMachine: IbcMachine
  readonly ledger: IbcLedger
  readonly checkpoints: IbcCheckpoints
  #done: BlockFacts | undefined

  constructor({
    genesis,
    store,
    head,
    validatorKey,
  }: {
    genesis: Genesis
    store: KeyValueStore
    head: number
    validatorKey: Uint8Array | undefined
  }) {
    const settings = genesis.ibc!
    this.machine = new IbcMachine(settings.chainId)
    this.callMachine = new IbcMachine(settings.chainId)
    this.ledger = new IbcLedger(store, settings.chainId, head)
    this.checkpoints = new IbcCheckpoints({ settings, validators: genesis.validators, store, validatorKey })
  }

  /** Before the transactions of a block. */
  begin({ number, timeMs }: IbcBlock): void {
    this.machine.enter({ number, time: this.ledger.nextTime(timeMs) })
  }

  /** After the transactions of a block: brings the trees up to date and writes their root. Returns what to store with the block. */
  async end(state: StateOverlay, { number, timeMs, unit, mci }: IbcBlock): Promise<StoreChange[]> {
    const storage = systemStorage(state, IBC_HOST_ADDRESS)
    const changes = this.machine
      .touched()
      .map(({ store, key }) => ({ store, key, value: readRecord(storage, STORE_POSITION[store], key) }))
    const time = this.ledger.nextTime(timeMs)
    const { facts, stored } = await this.ledger.apply({ height: number, time, unit, mci }, changes)
    storage.set(APP_HASH_SLOT, trimmed(facts.appHash))
    this.#done = facts
    return stored
  }

  /** The block is durable. */
  async settled(): Promise<void> {
    this.ledger.settled()
    if (this.#done) await this.checkpoints.blockDone(this.#done)
    this.#done = undefined
  }

  take(unit: Unit): Promise<void> {
    return this.checkpoints.take(unit)
  }

  takeMessages(): Message[] {
    return this.checkpoints.takeMessages()
  }
}

function trimmed(bytes: Uint8Array): Uint8Array {
  let start = 0
  while (start < bytes.length && bytes[start] === 0) start++
  return bytes.slice(start)
}
