/** IBC in a node, put together: the host for execution and for calls, the provable trees, the checkpoints. */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import type { Message, Unit } from '@zos/dag'
import { keyAddress } from '@zos/zpos'
import { type Genesis, genesisState } from '../genesis/genesis.ts'
import { readOnlyStorage, systemStorage } from '../native/native-storage.ts'
import type { AddressHex, Hash } from '../state/account.ts'
import type { StateOverlay } from '../state/overlay.ts'
import type { KeyValueStore, StoreChange } from '../store/kv.ts'
import { IBC_HOST_ADDRESS } from './addresses.ts'
import { readRecord } from './byte-records.ts'
import { STORE_POSITION } from './host-records.ts'
import { IbcCheckpoints, MAX_OPEN } from './ibc-checkpoints.ts'
import { IbcMachine } from './ibc-host.ts'
import { type BlockFacts, IbcLedger } from './ibc-ledger.ts'
import { APP_HASH_SLOT, encodeTreeFacts, TREES_SLOT, trimmed } from './tree-facts.ts'
import { VoterSets, voterSetOf } from './voter-sets.ts'

export interface IbcBlock {
  readonly number: number
  readonly timeMs: number
  readonly unit: Hash
  readonly mci: number
  readonly epoch: number
  readonly endsEpoch: boolean
  /** On a development network: blocks from this one on were undone at the beginning of this block. */
  readonly undoneFrom?: number | undefined
}

export interface IbcOptions {
  readonly genesis: Genesis
  readonly store: KeyValueStore
  /** Number of the newest block in the store. */
  readonly head: number
  /** The committee of an epoch that is elected. */
  readonly committeeOf: (epoch: number) => readonly { readonly address: string; readonly stake: bigint }[]
  /** Signs units, in a validator. */
  readonly validatorKey: Uint8Array | undefined
  /** Gossips a vote. */
  readonly publish?: (vote: Uint8Array) => void
}

export class Ibc {
  /** For execution. */
  readonly machine: IbcMachine
  /** For calls that change nothing. */
  readonly callMachine: IbcMachine
  readonly ledger: IbcLedger
  readonly sets: VoterSets
  readonly checkpoints: IbcCheckpoints
  readonly #committeeOf: IbcOptions['committeeOf']
  #done: BlockFacts | undefined

  constructor({ genesis, store, head, committeeOf, validatorKey, publish }: IbcOptions) {
    const { chainId, governor } = genesis.ibc!
    this.#committeeOf = committeeOf
    this.machine = new IbcMachine(chainId, governor)
    this.callMachine = new IbcMachine(chainId, governor)
    this.ledger = new IbcLedger(store, chainId, head)
    this.sets = new VoterSets(store, () =>
      voterSetOf(committeeOf(0), readOnlyStorage(genesisState(genesis), IBC_HOST_ADDRESS)),
    )
    this.checkpoints = new IbcCheckpoints({
      chainId,
      sets: this.sets,
      store,
      validator: validatorKey && {
        address: keyAddress(secp256k1.getPublicKey(validatorKey, true)) as AddressHex,
        signingKey: validatorKey,
      },
      publish,
    })
  }

  /** Takes up what an earlier run has left without a quorum. */
  async resume(): Promise<void> {
    const head = this.ledger.last?.height ?? 0
    for (let height = Math.max(1, head - MAX_OPEN + 1); height <= head; height++) {
      const facts = this.ledger.facts(height)
      if (facts && this.sets.at(height)) await this.checkpoints.blockDone(facts)
    }
  }

  /** Before the transactions of a block. */
  begin({ number, timeMs }: IbcBlock): void {
    this.machine.enter({ number, time: this.ledger.nextTime(timeMs) })
  }

  /** After the transactions of a block: brings the trees up to date and writes their root. Returns what to store with the block. */
  async end(
    state: StateOverlay,
    { number, timeMs, unit, mci, epoch, endsEpoch, undoneFrom }: IbcBlock,
  ): Promise<StoreChange[]> {
    const storage = systemStorage(state, IBC_HOST_ADDRESS)
    const changes = this.machine
      .touched()
      .map(({ store, key }) => ({ store, key, value: readRecord(storage, STORE_POSITION[store], key) }))
    const time = this.ledger.nextTime(timeMs)
    const { facts, stored } = await this.ledger.apply({ height: number, time, unit, mci }, changes, { undoneFrom })
    storage.set(APP_HASH_SLOT, trimmed(facts.appHash))
    storage.set(TREES_SLOT, encodeTreeFacts({ time, ...facts.versions }))
    this.#done = facts
    if (!endsEpoch) return stored
    return [...stored, ...this.sets.begin(number + 1, voterSetOf(this.#committeeOf(epoch + 1), storage))]
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
