/**
 * A whole chain in one object: an IAVL `ibc` store, the IBC host with ICS-20, checkpoints in CometBFT's format, a bank in memory, and
 * a clock that moves only by {@link LocalChain.commit}. For tests, simulations and benchmarks; what the node does with real parts.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import {
  checkpointHeader,
  checkpointUpdate,
  checkpointVote,
  clientStates,
  cometValidators,
  signedCheckpoint,
} from '../checkpoints/comet.ts'
import { createAttestationsClient } from '../clients/attestations.ts'
import { createCheckpointClient } from '../clients/checkpoint.ts'
import { createSolomachineClient } from '../clients/solomachine.ts'
import { createTendermintClient } from '../clients/tendermint/client.ts'
import type { SignedHeader, Validator } from '../clients/tendermint/messages.ts'
import { revisionOf, type SignatureVerifier } from '../clients/tendermint/verify.ts'
import type { IbcEvent } from '../core/application.ts'
import { createIbcHost, type Delivery, type IbcHost } from '../core/host.ts'
import { createJournal, type Journal, journaled, type KvStore } from '../core/journal.ts'
import type { LightClientModule } from '../core/light-client.ts'
import { type Any, type Height, type IbcMessage, MerkleProof } from '../core/messages.ts'
import { byteKey, utf8 } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'
import { sha256 } from '../hash/sha256.ts'
import { IavlTree } from '../iavl/tree.ts'
import { type MultiStore, multiStore } from '../merkle/simple.ts'
import { createTransferApplication, type TransferApplication, type TransferPolicy } from '../transfer/application.ts'
import { createMemoryBank } from '../transfer/bank.ts'

/**
 * A chain in memory that two of make a testbed for IBC: deliver messages, commit blocks, prove the store. Nothing moves
 * by itself.
 */
export interface LocalChain {
  readonly chainId: string
  readonly host: IbcHost
  readonly bank: ReturnType<typeof createMemoryBank>
  readonly transfer: TransferApplication
  readonly tree: IavlTree
  /** Block time in nanoseconds. */
  now(): bigint
  /** The height of the running block: one above the last that was committed. */
  height(): Height
  /** Executes a message in the running block; never throws for bad ones. */
  deliver(message: IbcMessage): Delivery
  /** Runs an application's own transaction; its events. */
  run(work: () => void): readonly IbcEvent[]
  /**
   * Ends the block: state root, signed header, next block time `seconds` later (default 1). The height that was
   * committed, from now on provable.
   */
  commit(seconds?: number): Height
  /**
   * Proof of what the store holds at `key` under the app hash of `height` (default: the newest): an encoded
   * `MerkleProof`. Throws `HUB_VERSION_UNKNOWN` for heights that are not committed or pruned.
   */
  prove(key: Uint8Array, height?: Height): Uint8Array
  /** The signed header of a height. Throws `HUB_VERSION_UNKNOWN`. */
  header(height: Height): SignedHeader
  /** The message that brings a client which trusts `trusted` to `height`. */
  update(height: Height, trusted: Height): Any
  /** What `MsgCreateClient` on another chain takes to follow this one from its newest height on. */
  clientStates(): { clientState: Any; consensusState: Any }
  /** All events of committed and current blocks, with their heights. */
  readonly events: readonly (IbcEvent & { readonly height: bigint })[]
}

const NANO = 1_000_000_000n

/** A chain with `validators` equal validators (default 4), the last `absent` of which do not sign. */
export function createLocalChain(options: {
  chainId: string
  validators?: number
  absent?: number
  /** Nanoseconds; default 2026-01-01. */
  startTime?: bigint
  /** How its 07-tendermint clients check signatures; default: in JavaScript. */
  verifySignature?: SignatureVerifier
  /** Ed25519 signatures of the validators; default: in JavaScript. */
  sign?: (message: Uint8Array, secretKey: Uint8Array) => Uint8Array
  /** What a hub adds to transfers; default: the plain standard. */
  policy?: (parts: {
    store: KvStore
    bank: ReturnType<typeof createMemoryBank>
    journal: Journal
    now: () => bigint
  }) => TransferPolicy
  /** Kinds of light clients; default: all of this package. */
  lightClients?: readonly LightClientModule[]
  /** Committed heights that stay provable; older ones are pruned. Default 1000. */
  keep?: number
}): LocalChain {
  const count = options.validators ?? 4
  const sign = options.sign ?? ed25519.sign
  const signers = Array.from({ length: count }, (_, i) => {
    const secretKey = sha256(utf8(`${options.chainId}/validator/${i}`))
    return { secretKey, publicKey: ed25519.getPublicKey(secretKey) }
  })
  const validators: Validator[] = cometValidators(signers.map(({ publicKey }) => ({ publicKey, stake: 100n })))
  const secretOf = (validator: Validator) =>
    signers.find(({ publicKey }) => publicKey.every((byte, i) => byte === validator.pubKey.ed25519[i]))!.secretKey

  const tree = new IavlTree()
  tree.set(utf8('chain'), utf8(options.chainId))
  const journal = createJournal()
  let now = options.startTime ?? 1_767_225_600n * NANO
  const revisionNumber = revisionOf(options.chainId)
  let blocks = 0n
  const height = (): Height => ({ revisionNumber, revisionHeight: blocks + 1n })
  const verifying = options.verifySignature ? { verifySignature: options.verifySignature } : {}
  const host = createIbcHost({
    store: tree,
    journal,
    clock: { now: () => now, height },
    lightClients: options.lightClients ?? [
      createTendermintClient(verifying),
      createSolomachineClient(),
      createAttestationsClient(),
      createCheckpointClient(),
    ],
  })
  const bank = createMemoryBank(journal)
  const side = journaled(createMapStore(), journal)
  const policy = options.policy?.({ store: side, bank, journal, now: () => now })
  const transfer = createTransferApplication({ host, store: side, bank, now: () => now, ...(policy ? { policy } : {}) })

  const committed = new Map<bigint, { signed: SignedHeader; multi: MultiStore; version: number }>()
  const events: (IbcEvent & { height: bigint })[] = []
  const record = (list: readonly IbcEvent[]) => {
    for (const event of list) events.push({ ...event, height: blocks + 1n })
  }
  const at = (wanted: Height) => {
    const block = committed.get(wanted.revisionHeight)
    if (!block) throw new HubError('HUB_VERSION_UNKNOWN', 'no such committed height', { height: wanted.revisionHeight })
    return block
  }
  const latest = (): Height => ({ revisionNumber, revisionHeight: blocks })

  const chain: LocalChain = {
    chainId: options.chainId,
    host,
    bank,
    transfer,
    tree,
    events,
    now: () => now,
    height,
    deliver(message) {
      const delivery = host.deliver(message)
      if (delivery.status === 'done') record(delivery.events)
      return delivery
    },
    run(work) {
      const { events: list } = host.run(work)
      record(list)
      return list
    },
    commit(seconds = 1) {
      const { version, hash } = tree.commit()
      const multi = multiStore({ ibc: hash, zones: sha256(utf8('zones')), bank: sha256(utf8('bank')) })
      blocks++
      const header = checkpointHeader({
        chainId: options.chainId,
        height: blocks,
        time: now,
        appHash: multi.hash,
        validators,
        nextValidators: validators,
        unit: sha256(utf8(`unit ${blocks}`)),
        mainChainIndex: blocks * 2n,
      })
      const signatures = validators.map((validator, i) =>
        i >= count - (options.absent ?? 0)
          ? undefined
          : sign(checkpointVote(header, validators, i).signBytes, secretOf(validator)),
      )
      committed.set(blocks, { signed: signedCheckpoint(header, validators, signatures), multi, version })
      const keep = BigInt(options.keep ?? 1000)
      if (blocks > keep) {
        committed.delete(blocks - keep)
        tree.prune(version - Number(keep))
      }
      now += BigInt(Math.round(seconds * 1e9))
      return latest()
    },
    prove(key, wanted = latest()) {
      const { multi, version } = at(wanted)
      return MerkleProof.encode({ proofs: [tree.prove(key, version), multi.prove('ibc')] })
    },
    header: (wanted) => at(wanted).signed,
    update: (wanted, trusted) => checkpointUpdate(at(wanted).signed, validators, trusted, validators),
    clientStates: () => clientStates(at(latest()).signed.header),
  }
  return chain
}

/** A {@link KvStore} in memory. */
export function createMapStore(): KvStore {
  const map = new Map<string, Uint8Array>()
  return {
    get: (key) => map.get(byteKey(key)),
    set: (key, value) => map.set(byteKey(key), value),
    delete: (key) => map.delete(byteKey(key)),
    exchange(key, value) {
      const name = byteKey(key)
      const before = map.get(name)
      if (value) map.set(name, value)
      else map.delete(name)
      return before
    },
  }
}
