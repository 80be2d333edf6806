/**
 * Checkpoints in the node: when the block that ends an epoch is executed, validators sign what it says, shares are
 * gathered to a certificate, and what nobody sent is asked for. A certificate that contradicts what this node executed stops it.
 */
import { bytesToHex } from '@ethereumjs/util'
import type { ValidatorInfo } from '@zos/zpos'
import {
  type Checkpoint,
  type CheckpointCollector,
  type CheckpointMember,
  committeeHash,
  createCheckpointCollector,
  encodeCheckpoint,
} from '@zos/zpos/checkpoint'
import type { StoredBlock } from '../chain/block-codec.ts'
import type { Chain } from '../chain/chain.ts'
import { NodeError } from '../errors.ts'
import type { CommittedLeader } from '../ledger/ledger.ts'
import type { CheckpointStore } from './checkpoint-store.ts'
import type { CheckpointCosigner } from './cosigner.ts'
import { asSigners, RULES_HASH } from './members.ts'
import {
  type CheckpointRecord,
  decodeRecord,
  decodeShare,
  encodeRecord,
  encodeShare,
  type ShareMessage,
} from './record.ts'
import type { ShareSigner } from './share-signer.ts'
import type { CheckpointSignatures } from './signatures.ts'

/** What to do with something that a peer sent. */
export type Verdict = 'accept' | 'ignore' | 'reject'

/** Epochs whose shares are gathered at a time: a network that certifies nothing for so long needs its operators. */
const MAX_OPEN_EPOCHS = 64
/** Epochs after which shares that come late are no longer taken in for the cosigned documents. */
const LATE_SHARE_EPOCHS = 2
/** Records in one answer to a peer. */
export const MAX_CHECKPOINT_RANGE = 16

export interface CheckpointsOptions {
  readonly chain: Chain
  /** The committee of an epoch that this node has reached. */
  readonly membersOf: (epoch: number) => readonly ValidatorInfo[] | undefined
  readonly store: CheckpointStore
  readonly networkId: number
  readonly signatures: CheckpointSignatures
  /** Missing in a node without a stake. */
  readonly signer: ShareSigner | undefined
  readonly cosigners: readonly CheckpointCosigner[]
  /** Sends an encoded share to everybody. */
  readonly publish: (share: Uint8Array) => void
  readonly onFault: (error: unknown) => void
}

/** An epoch that this node has executed to its end. */
interface OpenEpoch {
  record: CheckpointRecord
  readonly collector: CheckpointCollector
  readonly shares: Map<string, ShareMessage>
  readonly checking: Set<string>
}

export class Checkpoints {
  readonly #options: CheckpointsOptions
  /** Epochs that end with a block which is not executed yet, by block number. */
  readonly #ends = new Map<number, number>()
  readonly #open = new Map<number, OpenEpoch>()
  readonly #listeners = new Set<(record: CheckpointRecord) => void>()
  #work: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(options: CheckpointsOptions) {
    this.#options = options
    options.chain.onBlock(({ block }) => this.#executed(block))
  }

  /** A leader was committed. If it ends its epoch, the checkpoint follows when its block is executed. */
  committed({ number, endsEpoch, epoch }: CommittedLeader): void {
    if (!endsEpoch) return
    this.#ends.set(number, epoch)
    if (number > (this.#options.chain.head?.header.number ?? 0)) return
    const block = this.#options.chain.block(number)
    if (block) this.#executed(block)
  }

  /**
   * Takes up what an earlier run has left without a certificate: epochs before `running` whose last block is executed. `beginning` is the
   * block that an epoch began with.
   */
  resume(running: number, beginning: (epoch: number) => number | undefined): void {
    const { chain, store } = this.#options
    for (let epoch = Math.max((store.latest() ?? -1) + 1, running - MAX_OPEN_EPOCHS); epoch < running; epoch++) {
      const number = beginning(epoch + 1)
      const block = number === undefined ? undefined : chain.block(number)
      if (block) this.#enqueue(() => this.#begin(block, epoch))
    }
  }

  /** A share that a peer sent or passed on. `reject`: the sender is to blame. */
  async takeShare(bytes: Uint8Array): Promise<Verdict> {
    const message = decodeShare(bytes)
    if (!message) return 'reject'
    const { epoch } = message.checkpoint
    const { address } = message.share
    // What this node has not come to yet it cannot judge; it will ask for it then.
    const open = this.#open.get(epoch)
    if (!open || open.shares.has(address) || open.checking.has(address)) return 'ignore'
    open.checking.add(address)
    try {
      if (!(await this.#options.signatures.checkShare(message, open.record.members))) return 'reject'
      if (bytesToHex(encodeCheckpoint(message.checkpoint)) !== bytesToHex(encodeCheckpoint(open.record.checkpoint)))
        return 'ignore'
      return (await this.#add(open, message)) ? 'accept' : 'reject'
    } finally {
      open.checking.delete(address)
    }
  }

  /** A checkpoint with its certificate, as a peer keeps it. */
  async takeRecord(bytes: Uint8Array): Promise<Verdict> {
    const record = decodeRecord(bytes)
    if (!record?.certificate) return 'reject'
    const open = this.#open.get(record.checkpoint.epoch)
    if (!open) return 'ignore'
    const fault = await this.#options.signatures.checkCertificate(record.certificate, open.record.members)
    if (fault !== undefined) return 'reject'
    if (bytesToHex(encodeCheckpoint(record.checkpoint)) !== bytesToHex(encodeCheckpoint(open.record.checkpoint))) {
      this.#options.onFault(diverged(open.record.checkpoint, record.checkpoint))
      return 'accept'
    }
    for (const share of record.certificate.shares) {
      if (open.shares.has(share.address)) continue
      const cosigned = [...record.cosigned].flatMap(([id, signatures]) => {
        const signature = signatures.get(share.address)
        return signature ? [[id, signature] as const] : []
      })
      await this.#add(open, { checkpoint: record.checkpoint, share, cosigned })
    }
    return 'accept'
  }

  /** What a peer that lacks the checkpoints `from` to `to` gets: records with a certificate, and the shares of those without. */
  *serve(from: number, to: number): Generator<{ kind: 'record' | 'share'; bytes: Uint8Array }> {
    const last = Math.min(to, from + MAX_CHECKPOINT_RANGE - 1)
    for (let epoch = from; epoch <= last; epoch++) {
      const open = this.#open.get(epoch)
      if (open && !open.record.certificate)
        for (const share of open.shares.values()) yield { kind: 'share', bytes: encodeShare(share) }
      else if (epoch <= (this.#options.store.latest() ?? -1)) {
        const record = this.certified(epoch)
        if (record) yield { kind: 'record', bytes: encodeRecord(record) }
      }
    }
  }

  /** The oldest epochs that lack a certificate here, as one range; undefined if none does. */
  missing(): { from: number; to: number } | undefined {
    const epochs = [...this.#open].flatMap(([epoch, { record }]) => (record.certificate ? [] : [epoch]))
    if (epochs.length === 0) return undefined
    const from = Math.min(...epochs)
    return { from, to: Math.min(Math.max(...epochs), from + MAX_CHECKPOINT_RANGE - 1) }
  }

  /** The record of an epoch that has a certificate. */
  certified(epoch: number | 'latest'): CheckpointRecord | undefined {
    const number = epoch === 'latest' ? this.#options.store.latest() : epoch
    const record = number === undefined ? undefined : this.#options.store.record(number)
    return record?.certificate && record
  }

  /** Calls `listener` when a certificate is there, and again when more validators have cosigned. */
  onCertificate(listener: (record: CheckpointRecord) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Finishes what is being signed or stored. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#work
  }

  #executed(block: StoredBlock): void {
    const epoch = this.#ends.get(block.header.number)
    if (epoch === undefined) return
    this.#ends.delete(block.header.number)
    this.#enqueue(() => this.#begin(block, epoch))
  }

  #enqueue(task: () => Promise<void>): void {
    this.#work = this.#work
      .then(() => (this.#stopped ? undefined : task()))
      .catch((error) => this.#options.onFault(error))
  }

  /** This node knows the checkpoint of an epoch by its own execution. */
  async #begin(block: StoredBlock, epoch: number): Promise<void> {
    const { store, signer, signatures, networkId, publish, membersOf } = this.#options
    const [own, following] = [membersOf(epoch), membersOf(epoch + 1)]
    if (this.#open.has(epoch) || !own || !following) return
    const [members, next] = [asSigners(own), asSigners(following)]
    const checkpoint = checkpointOf(block, epoch, next)
    const known = store.record(epoch)
    if (known && bytesToHex(encodeCheckpoint(known.checkpoint)) !== bytesToHex(encodeCheckpoint(checkpoint)))
      throw diverged(checkpoint, known.checkpoint)
    if (known?.certificate) return
    const record = known ?? {
      checkpoint,
      members,
      next,
      certificate: undefined,
      cosigned: new Map(),
    }
    if (!known) await store.saveRecord(record)
    const open: OpenEpoch = {
      record,
      collector: createCheckpointCollector({ checkpoint, members, networkId, verifiers: signatures.verifiers }),
      shares: new Map(),
      checking: new Set(),
    }
    this.#open.set(epoch, open)
    for (const [number, { record: other }] of this.#open)
      if (number < epoch - MAX_OPEN_EPOCHS || (other.certificate && number < epoch - LATE_SHARE_EPOCHS))
        this.#open.delete(number)
    if (!signer || !members.some(({ address }) => address === signer.address)) return
    const share = await signer.share(record)
    if (!share || !(await signatures.checkShare(share, members))) return
    await this.#add(open, share)
    publish(encodeShare(share))
  }

  /** Takes in a share whose signatures were checked. False if a cosigned document of it does not hold. */
  async #add(open: OpenEpoch, message: ShareMessage): Promise<boolean> {
    const { address } = message.share
    const cosigned = new Map(open.record.cosigned)
    for (const cosigner of this.#options.cosigners) {
      const signature = message.cosigned.find(([id]) => id === cosigner.id)?.[1]
      if (!signature) continue
      if (!(await cosigner.verify(open.record, address, signature))) return false
      cosigned.set(cosigner.id, new Map(cosigned.get(cosigner.id)).set(address, signature))
    }
    open.shares.set(address, message)
    open.collector.add(message.share)
    const certificate = open.record.certificate ?? open.collector.certificate()
    const news = certificate !== open.record.certificate || message.cosigned.length > 0
    open.record = { ...open.record, certificate, cosigned }
    if (!news || !certificate) return true
    await this.#options.store.saveRecord(open.record)
    for (const listener of this.#listeners) listener(open.record)
    return true
  }
}

/** What the validators of `epoch` sign when `block`, which ended it, is executed. */
function checkpointOf(block: StoredBlock, epoch: number, next: readonly CheckpointMember[]): Checkpoint {
  const { header, hash, leader, units } = block
  return {
    epoch,
    mci: units.find(({ id }) => id === leader)!.mci,
    unit: leader,
    stateRoot: header.stateRoot,
    block: header.number,
    blockHash: hash,
    timeMs: header.timestamp * 1_000,
    nextCommittee: committeeHash(epoch + 1, next),
    rulesHash: RULES_HASH,
  }
}

function diverged(ours: Checkpoint, theirs: Checkpoint): NodeError {
  return new NodeError(
    'NODE_STATE_DIVERGED',
    `more than two thirds of the stake have signed another state at the end of epoch ${ours.epoch}: root ${theirs.stateRoot} of block ${theirs.block}, here ${ours.stateRoot} of block ${ours.block}`,
    { ours, theirs },
  )
}
