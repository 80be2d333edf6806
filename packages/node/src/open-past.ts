/** What a node begins with: its database, mended or taken from a snapshot where it has to be, and the chain and state in it. */
import { join } from 'node:path'
import { Chain } from './chain/chain.ts'
import { CheckpointStore } from './checkpoint/checkpoint-store.ts'
import { schemesOf } from './checkpoint/members.ts'
import { type CheckpointSignatures, createCheckpointSignatures } from './checkpoint/signatures.ts'
import { consensusSettings } from './genesis/consensus-genesis.ts'
import { genesisHash } from './genesis/genesis.ts'
import { createGenesisBlock } from './genesis/genesis-block.ts'
import { genesisCommittee } from './genesis/genesis-committee.ts'
import { createIsogeny, type Isogeny } from './identity/isogeny.ts'
import { Committees, committeeChange } from './ledger/committees.ts'
import type { Lifecycle } from './lifecycle.ts'
import { type ConsensusSettings, readConsensusContract } from './native/consensus-contract.ts'
import type { Logger, NodeOptions } from './node-api.ts'
import { PeerBook, readablePeers } from './p2p/peer-book.ts'
import { openDatabase, prepareStore } from './repair/prepare-store.ts'
import type { OpenContext } from './repair/supervise.ts'
import { certifySnapshot } from './snapshot/certify.ts'
import { joinIfBehind } from './snapshot/join.ts'
import { WorldState } from './state/world-state.ts'
import { createMemoryStore, type KeyValueStore } from './store/kv.ts'

export interface Past {
  /** Units, blocks and state in one, so that a block is one atomic batch. */
  readonly store: KeyValueStore
  /** Of the genesis. */
  readonly hash: Uint8Array
  readonly settings: ConsensusSettings
  readonly isogeny: Isogeny
  readonly signatures: CheckpointSignatures
  readonly checkpointStore: CheckpointStore
  readonly knownPeers: PeerBook
  /** The addresses of all peers that the node was told of or knows from before. */
  readonly peers: () => string[]
  readonly chain: Chain
  readonly state: WorldState
  readonly committees: Committees
}

/** Opens the past. What it opens is closed by `lifecycle`, also when it fails. Errors: those of `createNode`. */
export async function openPast(
  options: NodeOptions & { logger: Logger },
  { repair }: OpenContext,
  lifecycle: Lifecycle,
): Promise<Past> {
  const { genesis, dataDir, logger } = options
  const hash = genesisHash(genesis)
  const store = await (options.openStore?.() ??
    (dataDir ? openDatabase(join(dataDir, 'db'), repair) : createMemoryStore()))
  lifecycle.onClose(() => store.close())
  const told = options.p2p?.peers ?? []
  const stopOpening = options.signal ? { signal: options.signal } : {}
  await prepareStore(store, {
    genesisHash: hash,
    dataDir,
    repair,
    peers: repair ? [...told, ...readablePeers(store)] : told,
    logger,
    ...stopOpening,
  })
  const settings = consensusSettings(genesis)
  const isogeny = createIsogeny()
  lifecycle.onClose(() => isogeny.close())
  const signatures = createCheckpointSignatures({ networkId: genesis.chainId, schemes: schemesOf(genesis), isogeny })
  const checkpointStore = new CheckpointStore(store)

  // A node that lacks what its peers have dropped begins with a snapshot.
  const knownPeers = new PeerBook(store)
  const peers = () => [...told, ...knownPeers.addresses()]
  await joinIfBehind({
    store,
    genesis,
    genesisHash: hash,
    peers: peers(),
    logger,
    ...stopOpening,
    certify: (source) =>
      certifySnapshot(source, genesisCommittee(genesis).members, signatures, {
        ...stopOpening,
        onRecord: (record) => checkpointStore.saveRecord(record),
      }),
  })
  const chain = new Chain(store)
  const state = new WorldState(store, chain.head?.header.number ?? 0)
  const committees = new Committees(store, (epoch) => readConsensusContract(state.latest(), settings).committee(epoch))
  if (!chain.head) {
    await createGenesisBlock(genesis, hash, state, chain)
    await store.batch([0, 1].map((epoch) => committeeChange(committees.of(epoch)!)))
  }
  return { store, hash, settings, isogeny, signatures, checkpointStore, knownPeers, peers, chain, state, committees }
}
