/**
 * Turns committed leaders into blocks, one after the other, behind consensus: a slow block delays the next block, never a round.
 */
import type { UnitHeader, UnitId } from '@zos/dag'
import type { StoredBlock, StoredTransaction } from '../chain/block-codec.ts'
import type { Chain } from '../chain/chain.ts'
import { type DevBlock, openDevBlock } from '../devnet/dev-execution.ts'
import { NodeError } from '../errors.ts'
import type { Ibc } from '../ibc/ibc.ts'
import type { CommittedLeader, Ledger } from '../ledger/ledger.ts'
import { recordLeader } from '../native/dag-contract.ts'
import type { AddressHex, Hash } from '../state/account.ts'
import type { WorldState } from '../state/world-state.ts'
import type { KeyValueStore, StoreChange } from '../store/kv.ts'
import type { Tvu } from '../tvu/tvu.ts'
import { ethereumBlockSize } from './block-rlp.ts'
import type { Evm } from './evm.ts'
import { executeBlock } from './execute-block.ts'
import { type BlockHeader, headerHash, nextBaseFee } from './header.ts'
import type { Protocol } from './protocol.ts'
import type { SignedTransaction } from './signed-transaction.ts'
import { writeSystemContracts } from './system-contracts.ts'

export interface ExecutorOptions {
  chain: Chain
  state: WorldState
  evm: Evm
  ledger: Ledger
  protocol: Protocol
  /** Gives the transactions of a unit with their senders. */
  tvu: Tvu
  chainId: number
  /** On development networks: executes the operations of units, and is told of each block that had some. */
  dev?: { store: KeyValueStore; onBlock: (block: DevBlock, number: number) => void }
  /** On networks that speak IBC. */
  ibc?: Ibc | undefined
  /** A fault that the node cannot go on with: damage, or divergence from what was executed before. */
  onFault: (error: unknown) => void
}

export class Executor {
  readonly #options: ExecutorOptions
  readonly #queue: CommittedLeader[] = []
  #running: Promise<void> | undefined
  #stopped = false

  constructor(options: ExecutorOptions) {
    this.#options = options
  }

  /** Committed leaders that wait for execution. */
  get backlog(): number {
    return this.#queue.length
  }

  /** Queues `leader`. Blocks that are executed already are compared, not executed again. */
  push(leader: CommittedLeader): void {
    this.#queue.push(leader)
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined
    })
  }

  /** Resolves when nothing is queued. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  /** Finishes the block in hand and takes no more. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #drain(): Promise<void> {
    try {
      for (let leader = this.#queue.shift(); leader && !this.#stopped; leader = this.#queue.shift())
        await this.#execute(leader)
    } catch (error) {
      this.#stopped = true
      this.#options.onFault(error)
    }
  }

  async #execute(leader: CommittedLeader): Promise<void> {
    const { chain, state, evm, ledger, protocol } = this.#options
    const known = chain.block(leader.number)
    if (known && leader.number <= chain.head!.header.number) {
      this.#forget(leader)
      if (known.leader === leader.unit) return
      throw new NodeError(
        'NODE_STATE_DIVERGED',
        `block ${leader.number} was made by leader ${known.leader}, consensus now says ${leader.unit}`,
        { block: leader.number },
      )
    }
    const parent = chain.head!
    const seconds = Math.floor(leader.timeMs / 1000)
    const natural = { timestamp: seconds, mixHash: leader.unit, baseFeePerGas: nextBaseFee(parent.header) }
    const dev = await this.#devBlock(leader, natural)
    const context = {
      ...(dev?.context ?? { ...natural, timestamp: Math.max(parent.header.timestamp, seconds) }),
      number: leader.number,
      beneficiary: leader.header.authors[0] as AddressHex,
      gasLimit: parent.header.gasLimit,
    }
    const carriers = new Map<string, string>()
    const transactions: SignedTransaction[] = []
    for (const { id } of leader.units) {
      for (const transaction of await this.#transactionsOf(id as UnitId)) {
        if (carriers.has(transaction.hash)) continue
        carriers.set(transaction.hash, id)
        transactions.push(transaction)
      }
      for (const { unit, transaction } of dev?.transactions ?? []) {
        if (unit !== id || carriers.has(transaction.hash)) continue
        carriers.set(transaction.hash, id)
        transactions.push(transaction)
      }
    }
    const { number, timeMs, unit, mci, epoch, endsEpoch } = leader
    const ibcBlock = { number, timeMs, unit, mci, epoch, endsEpoch, undoneFrom: dev?.undoneFrom }
    let ibcStored: StoreChange[] = []
    this.#options.ibc?.begin(ibcBlock)
    const executed = await executeBlock(evm, state.latest(), context, transactions, {
      before(overlay) {
        writeSystemContracts(overlay, { ...context, parentHash: parent.hash, parentUnit: parent.leader })
        recordLeader(overlay, leader.number, leader)
        dev?.prepare(overlay)
      },
      after: async (overlay, { gasUsed }) => {
        await protocol.after(overlay, leader, { ...context, baseFees: gasUsed * context.baseFeePerGas })
        ibcStored = (await this.#options.ibc?.end(overlay, ibcBlock)) ?? []
      },
    })
    const devStored = dev?.stored(executed.changes) ?? []
    const { stateRoot, stored } = state.apply(leader.number, executed.changes)
    stored.push(...devStored)
    if (dev?.undoneFrom !== undefined) stored.push(...chain.forgetting(dev.undoneFrom, parent.header.number))
    const header: BlockHeader = {
      ...context,
      parentHash: parent.hash,
      parentBeaconBlockRoot: parent.leader,
      stateRoot,
      transactionsRoot: executed.transactionsRoot,
      receiptsRoot: executed.receiptsRoot,
      logsBloom: executed.logsBloom,
      gasUsed: executed.gasUsed,
      extraData: leader.unit,
    }
    const records: StoredTransaction[] = executed.included.map(
      ({ transaction: { tx, hash, sender }, receipt }, index) => ({
        raw: tx.raw,
        hash,
        sender,
        receipt,
        unit: carriers.get(hash) as StoredTransaction['unit'],
        block: leader.number,
        index,
      }),
    )
    const block: StoredBlock = {
      header,
      hash: headerHash(header),
      leader: leader.unit,
      round: leader.round,
      units: leader.units,
      transactions: records.map(({ hash }) => hash),
      size: ethereumBlockSize(header, records),
    }
    stored.push(...ibcStored)
    await ledger.flush()
    await chain.append(
      {
        block,
        transactions: records,
        skipped: executed.skipped.map(({ transaction: { tx, hash, sender }, reason }) => ({
          hash,
          reason,
          sender,
          nonce: tx.nonce,
          unit: carriers.get(hash) as Hash,
        })),
      },
      [...stored, ...protocol.stored(leader)],
    )
    state.settled()
    await this.#options.ibc?.settled()
    this.#forget(leader)
    if (dev) this.#options.dev?.onBlock(dev, leader.number)
  }

  /** On a development network the block with the operations that its units carry; undefined on any other. */
  async #devBlock(
    { number, units }: CommittedLeader,
    context: { timestamp: number; mixHash: Hash; baseFeePerGas: bigint },
  ): Promise<DevBlock | undefined> {
    const { dev, chainId, chain, state, ledger, ibc } = this.#options
    if (!dev) return undefined
    return openDevBlock(dev.store, chainId, {
      number,
      canUndoTo: ibc && ((block) => ibc.ledger.canUndoTo(block)),
      context,
      parent: chain.head!.header,
      units: units.flatMap(({ id }) => {
        const unit = id as UnitId
        const header = ledger.header(unit)
        return header && carriesNothing(header) ? [] : (ledger.unit(unit) ?? [])
      }),
      base: state.latest(),
    })
  }

  async #transactionsOf(id: UnitId): Promise<SignedTransaction[]> {
    const { ledger, tvu } = this.#options
    const header = ledger.header(id)
    if (header && carriesNothing(header)) return []
    return tvu.transactionsOf(id, () => {
      const unit = ledger.unit(id)
      if (!unit) throw new NodeError('NODE_STORE_CORRUPT', `the committed unit ${id} is not in the store`, { unit: id })
      return unit
    })
  }

  #forget(leader: CommittedLeader): void {
    for (const { id } of leader.units) this.#options.tvu.forget(id as UnitId)
  }
}

/** The payload of a unit without messages is one byte. */
function carriesNothing({ payloadLength }: UnitHeader): boolean {
  return payloadLength <= 1
}
