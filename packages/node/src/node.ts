/**
 * The composition root (DESIGN.md §1): makes each part of a node and hands it its ports. What a transaction meets on its way stands here
 * from top to bottom.
 */
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { bytesToHex } from '@ethereumjs/util'
import type { UnitId } from '@zos/dag'
import { listenFrames } from '@zos/pipeline/node'
import { verifyHere } from '@zos/pipeline/tpu'
import { createVerifier } from '@zos/pipeline/verify'
import { TERM_ROUNDS } from '@zos/zpos'
import { SCHEME_SQISIGN } from '@zos/zpos/checkpoint'
import { Chain } from './chain/chain.ts'
import { CheckpointStore } from './checkpoint/checkpoint-store.ts'
import { Checkpoints } from './checkpoint/checkpoints.ts'
import { CheckpointExchange } from './checkpoint/exchange.ts'
import { Heads } from './checkpoint/heads.ts'
import { schemesOf } from './checkpoint/members.ts'
import { encodeRecord } from './checkpoint/record.ts'
import { ShareSigner } from './checkpoint/share-signer.ts'
import { createCheckpointSignatures } from './checkpoint/signatures.ts'
import { systemClock } from './clock.ts'
import { DevControl } from './devnet/dev-control.ts'
import { isNodeError } from './errors.ts'
import { Evm } from './execution/evm.ts'
import { Executor } from './execution/executor.ts'
import { nextBaseFee } from './execution/header.ts'
import { createProtocol } from './execution/protocol.ts'
import { ancestorHash } from './execution/system-contracts.ts'
import { consensusSettings } from './genesis/consensus-genesis.ts'
import { gasPaceFault } from './genesis/gas-pace.ts'
import { genesisHash } from './genesis/genesis.ts'
import { createGenesisBlock } from './genesis/genesis-block.ts'
import { genesisCommittee } from './genesis/genesis-committee.ts'
import { HistoryPruner } from './history/pruner.ts'
import { Ibc } from './ibc/ibc.ts'
import { createIsogeny } from './identity/isogeny.ts'
import { PeerIdentities } from './identity/peer-identities.ts'
import { Indexer } from './indexer/indexer.ts'
import { ValidatorKeys } from './keys/validator-keys.ts'
import { Committees, committeeChange } from './ledger/committees.ts'
import { createGenesisUnit } from './ledger/genesis-unit.ts'
import { type CommittedLeader, Ledger } from './ledger/ledger.ts'
import { peersForQuorum } from './ledger/peers-for-quorum.ts'
import { Producer } from './ledger/producer.ts'
import { UnitFlow } from './ledger/unit-flow.ts'
import { unitVerifier } from './ledger/unit-verifier.ts'
import { createLottery } from './lottery/lottery.ts'
import { TransactionIntake } from './mempool/intake.ts'
import { Mempool } from './mempool/mempool.ts'
import { createNodeMetrics } from './metrics/node-metrics.ts'
import { createStatus } from './metrics/node-status.ts'
import { serveMetrics } from './metrics/server.ts'
import { createConsensusNative, readConsensusContract } from './native/consensus-contract.ts'
import { createDagNative } from './native/dag-contract.ts'
import type { Logger, NodeOptions, ZosNode } from './node-api.ts'
import { type Network, startNetwork } from './p2p/network.ts'
import { networkKey } from './p2p/network-key.ts'
import { createNetworkHandlers } from './p2p/node-handlers.ts'
import { PeerBook, readablePeers } from './p2p/peer-book.ts'
import { fastPrecompiles } from './precompiles/fast-precompiles.ts'
import { openDatabase, prepareStore } from './repair/prepare-store.ts'
import { type OpenContext, superviseNode } from './repair/supervise.ts'
import { createCallRunner } from './rpc/context.ts'
import { createRpcContext } from './rpc/node-context.ts'
import { createRpcRouter } from './rpc/router.ts'
import { type RpcServer, startRpcServer } from './rpc/server.ts'
import { certifySnapshot } from './snapshot/certify.ts'
import { isBehindPeers, joinIfBehind } from './snapshot/join.ts'
import { SnapshotKeeper } from './snapshot/keeper.ts'
import { dumpBetweenBlocks } from './state/dump.ts'
import { WorldState } from './state/world-state.ts'
import { createMemoryStore } from './store/kv.ts'
import { storageFault } from './store/storage-fault.ts'
import { Tvu } from './tvu/tvu.ts'

/** Bytes and gas of transactions in one unit of this node. */
const UNIT_MAX_BYTES = 512 * 1024
/** Committed blocks waiting for execution beyond which a validator proposes no more transactions. */
const MAX_BACKLOG = 16
/** How often the node looks whether it stands still or lacks something. */
const TICK_MS = 500
/** Hashes for one ticket: some 0.5 s of a core every term of 15 s. */
const DEFAULT_TICKET_HASHES = 16
/** How often peers are asked for their identity records that have shown none, for the first time so long after the start. */
const IDENTIFY_EVERY_MS = 5_000

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** Starts a node. Errors: `NODE_INVALID_ARGUMENT`, `NODE_PORT_TAKEN`, `NODE_DATA_DIR`, `NODE_DATA_DIR_LOCKED`, `NODE_GENESIS_MISMATCH`, `NODE_STORE_CORRUPT`, `NODE_STATE_DIVERGED`. */
export function createNode(options: NodeOptions): Promise<ZosNode> {
  return superviseNode(options, openNode)
}

async function openNode(options: NodeOptions, { repair }: OpenContext): Promise<ZosNode> {
  const { genesis, dataDir, roundIntervalMs = 1_000, pruning = {}, logger = SILENT, clock = systemClock } = options
  const { chainId } = genesis
  const paceFault = options.validatorKey && !genesis.devnet && gasPaceFault(BigInt(genesis.gasLimit), roundIntervalMs)
  if (paceFault) logger.warn(paceFault.message, { code: paceFault.code, ...paceFault.context })
  const hash = genesisHash(genesis)
  const lag = monitorEventLoopDelay({ resolution: 10 })
  lag.enable()

  // Stores: units, blocks and state in one, so that a block is one atomic batch.
  const store = await (options.openStore?.() ??
    (dataDir ? openDatabase(join(dataDir, 'db'), repair) : createMemoryStore()))
  const closers: (() => Promise<unknown>)[] = [() => store.close()]
  // What cannot be closed, because its last write failed, must not keep the rest open.
  let closing = false
  const closeAll = async () => {
    closing = true
    const failed: unknown[] = []
    for (const close of closers.reverse()) await close().catch((error) => failed.push(error))
    if (failed.length > 0 && !fault) throw failed[0]
  }
  let fault: unknown
  const onFault = (reason: unknown) => {
    if (fault) return
    const error = storageFault(reason, dataDir)
    fault = error
    void producer?.stop()
    logger.error('the node cannot go on', { error: String(error) })
    options.onFault?.(error)
  }

  let producer: Producer | undefined
  try {
    const told = options.p2p?.peers ?? []
    await prepareStore(store, {
      genesisHash: hash,
      dataDir,
      repair,
      peers: repair ? [...told, ...readablePeers(store)] : told,
      logger,
      ...(options.signal ? { signal: options.signal } : {}),
    })
    const settings = consensusSettings(genesis)
    const isogeny = createIsogeny()
    closers.push(() => isogeny.close())
    const signatures = createCheckpointSignatures({ networkId: chainId, schemes: schemesOf(genesis), isogeny })
    const checkpointStore = new CheckpointStore(store)

    // A node that lacks what its peers have dropped begins with a snapshot.
    const knownPeers = new PeerBook(store)
    const peers = [...told, ...knownPeers.addresses()]
    const stopJoining = options.signal ? { signal: options.signal } : {}
    await joinIfBehind({
      store,
      genesis,
      genesisHash: hash,
      peers,
      logger,
      ...stopJoining,
      certify: (source) =>
        certifySnapshot(source, genesisCommittee(genesis).members, signatures, {
          ...stopJoining,
          onRecord: (record) => checkpointStore.saveRecord(record),
        }),
    })
    const chain = new Chain(store)
    const state = new WorldState(store, chain.head?.header.number ?? 0)
    const committees = new Committees(store, (epoch) =>
      readConsensusContract(state.latest(), settings).committee(epoch),
    )
    if (!chain.head) {
      await createGenesisBlock(genesis, hash, state, chain)
      await store.batch([0, 1].map((epoch) => committeeChange(committees.of(epoch)!)))
    }

    // Consensus: what is final, in which order.
    const verifier = createVerifier()
    const hybrid = schemesOf(genesis).includes(SCHEME_SQISIGN)
    const keys =
      options.validatorKey &&
      new ValidatorKeys({
        secretKey: options.validatorKey,
        isogenyKey: options.isogenyKey,
        verifier,
        hybrid,
        dataDir,
        consensus: () => readConsensusContract(state.latest(), settings),
        onOpen: (close) => closers.push(close),
      })
    const lottery = await createLottery({
      store,
      self: keys,
      effort: options.ticketHashes ?? DEFAULT_TICKET_HASHES,
      onTicket: () => producer?.poke(),
      onFault,
    })
    const ledger = await Ledger.open({
      store,
      epochRounds: genesis.epochRounds,
      genesis: await createGenesisUnit(genesis),
      committeeOf: (epoch) => committees.of(epoch),
      lottery: { termRounds: genesis.termRounds ?? TERM_ROUNDS, ...lottery.draw },
      verifier: unitVerifier(verifier),
      head: chain.head!.header.number,
    })
    closers.push(() => ledger.flush())
    const self = keys?.address
    const isMember = () => self !== undefined && ledger.epoch.committee.has(self)
    closers.push(() => lottery.stop())

    // Contracts that the node itself executes. To add one: make it here, and give it its code in the genesis.
    const natives = [createConsensusNative(settings), createDagNative()]
    const precompiles = fastPrecompiles(verifier)

    let network!: Network
    // Execution: blocks from committed leaders.
    const blockHash = (number: number) => chain.block(number)?.hash ?? ancestorHash(state.latest(), number)
    const mempool: Mempool = new Mempool(() => ({
      account: (address) => state.latest().account(address),
      nextBaseFee: dev?.nextBaseFee ?? nextBaseFee(chain.head!.header),
      blockGasLimit: chain.head!.header.gasLimit,
    }))
    const tvu = new Tvu({ chainId, verify: verifyHere(verifier), known: (transaction) => mempool.get(transaction) })
    closers.push(() => tvu.close())
    const dev = options.dev && genesis.devnet ? createDevControl(options.dev) : undefined
    const ibc =
      genesis.ibc &&
      new Ibc({
        genesis,
        store,
        head: chain.head!.header.number,
        committeeOf: (epoch) => committees.of(epoch)!.members,
        validatorKey: options.validatorKey,
        publish: (vote) => network?.publishAside('ibc', vote),
      })
    await ibc?.resume()
    const executor = new Executor({
      chain,
      state,
      ledger,
      tvu,
      protocol: createProtocol({ ledger, state, committees, settings, genesisMs: genesis.timestampMs }),
      onFault,
      ibc,
      evm: await Evm.create(
        chainId,
        blockHash,
        ibc ? [...natives, ibc.machine.native] : natives,
        undefined,
        undefined,
        precompiles,
      ),
      chainId,
      ...(genesis.devnet
        ? {
            dev: {
              store,
              onBlock(block) {
                if (block.undoneFrom !== undefined) mempool.clear()
                dev?.settle(block)
              },
            },
          }
        : {}),
    })
    closers.push(() => executor.stop())

    // Checkpoints: what an epoch leaves behind, signed by its validators.
    const membersOf = (epoch: number) => (ledger.epochStart(epoch) ?? committees.of(epoch))?.members
    const checkpoints = await createCheckpoints()
    closers.push(() => checkpoints.stop())
    let askedAt = clock.elapsed()
    const identities = new PeerIdentities({
      isogeny,
      genesisHash: hash,
      members: () => ledger.committee.members,
      keys: keys?.both(),
      now: clock.now,
    })
    const identify = async (peer: string) => {
      const record = await network.fetchIdentity(peer)
      const fault = record && (await identities.take(peer, record))
      if (fault) network.report(peer, fault)
    }
    const exchange = new CheckpointExchange(checkpoints, () => network)
    const heads = new Heads({
      chain,
      verifier,
      networkId: chainId,
      membersOf,
      signer: keys?.signer,
      publish: (share) => network?.publishAside('heads', share),
      now: clock.now,
    })
    /** The end of an epoch whose checkpoint has to name a committee that is not elected yet: nothing is committed after it until then. */
    let ending: CommittedLeader | undefined
    const finalize = (leader: CommittedLeader) => {
      if (leader.endsEpoch && !committees.of(leader.epoch + 1)) ending = leader
      else checkpoints.committed(leader)
      executor.push(leader)
    }
    checkpoints.resume(ledger.epoch.number, (epoch) => ledger.epochStart(epoch)?.block)
    // Epoch after epoch: the committee of the next but one is elected by the last block of this one.
    for (let leaders = ledger.commit(); leaders.length > 0 && !fault; leaders = ledger.commit()) {
      for (const leader of leaders) finalize(leader)
      await executor.idle()
    }
    if (fault) throw fault
    const certifiedRecord = (epoch: number) => {
      const record = checkpoints.certified(epoch)
      return record && encodeRecord(record)
    }
    const snapshots = new SnapshotKeeper({
      store,
      genesisHash: bytesToHex(hash),
      now: clock.elapsed,
      record: certifiedRecord,
    })
    closers.push(() => snapshots.close())
    const pruner = new HistoryPruner({
      store,
      epochStart: (number) => ledger.epochStart(number),
      held: () => snapshots.firstEpoch,
      ...pruning,
      onFault,
    })
    closers.push(() => pruner.stop())
    pruner.advance(ledger.epoch.number)
    /** The epochs that end with blocks which are not executed yet, by block. */
    const endings = new Map<number, number>()
    chain.onBlock(({ block, transactions, skipped }) => {
      const { header } = block
      mempool.settle(header.number, transactions, skipped)
      if (ending && committees.of(ending.epoch + 1)) {
        checkpoints.committed(ending)
        ending = undefined
      }
      if (ledger.waitsForCommittee) flow.progress()
      if (!isMember()) relayPending()
      const ended = endings.get(header.number)
      if (ended === undefined) return
      endings.delete(header.number)
      mempool.endEpoch(ended)
      tvu.endEpoch(ended)
      // Now, before the next block: its state is that of the epoch's beginning.
      snapshots.hold(ledger.epochStart(ended + 1)!, block).catch(onFault)
      pruner.advance(ended + 1)
    })

    /** Transactions that nobody has in a unit yet, or that have been in one for long. */
    const takePending = () =>
      mempool.take({
        maxBytes: UNIT_MAX_BYTES,
        maxGas: chain.head!.header.gasLimit,
        block: chain.head!.header.number,
        epoch: ledger.epoch.number,
      })
    /** A node outside the committee makes no units: a validator that it knows has to take the transactions. */
    const relayPending = () => {
      for (const { tx, hash: transaction } of takePending())
        network
          ?.relayTransaction(tx.raw)
          .then((taken) => taken || logger.warn('no peer takes the transaction', { transaction }), onFault)
    }

    // The network, and what comes from it.
    const flow = new UnitFlow({
      ledger,
      clock,
      roundIntervalMs,
      logger,
      network: () => network,
      seen: (unit) => {
        tvu.prepare(unit)
        ibc?.take(unit).catch(onFault)
      },
      committed: (leader) => {
        if (leader.endsEpoch) endings.set(leader.number, leader.epoch)
        finalize(leader)
      },
      advanced: () => {
        lottery.update(ledger.epoch)
        ledger.flush().catch(onFault)
        if (producer && !producing && flow.synchronizer.caughtUpWith >= peersForQuorum(ledger.epoch.committee))
          startProducing()
        if (producing) producer?.poke()
      },
      executed: () => executor.idle(),
      isBehind: (epoch) => isBehindPeers({ addresses: [...told, ...knownPeers.addresses()], genesisHash: hash, epoch }),
      isClosing: () => closing,
      hasFailed: () => fault !== undefined,
      onFault,
    })

    // A validator's own units.
    let producing = false
    producer = keys && (await createProducer(keys))
    const startProducing = () => {
      producing = true
      producer?.start().catch(onFault)
    }

    network = await startNetwork({
      genesisHash: hash,
      privateKey: await networkKey(options.validatorKey),
      listen: options.p2p?.listen ?? ['/ip4/127.0.0.1/tcp/0'],
      peers,
      snapshots: {
        history: () => ({ firstEpoch: pruner.firstEpoch, epoch: ledger.epoch.number }),
        snapshot: (epoch) => snapshots.source(epoch),
        record: certifiedRecord,
      },
      now: clock.elapsed,
      random: Math.random,
      handlers: createNetworkHandlers({
        ledger,
        flow,
        checkpoints,
        heads,
        ibc,
        identities,
        knownPeers,
        logger,
        peerId: () => network.peerId,
        takeTransaction: async (raw, peer) =>
          producing && isMember() && (await intake.tpu.submit(raw, { source: peer })).status === 'durable',
        onFault,
      }),
    })
    closers.push(() => network.stop())
    const tick = setInterval(() => {
      flow.tick()
      // Not while the node starts: identities take a thread and its time.
      if (hybrid && clock.elapsed() - askedAt > IDENTIFY_EVERY_MS) {
        askedAt = clock.elapsed()
        for (const peer of identities.toAsk(network.peers()))
          identify(peer).catch((error) => logger.debug('no identity', { peer, error: String(error) }))
      }
      exchange.ask().catch((error) => logger.debug('asking for checkpoints failed', { error: String(error) }))
    }, TICK_MS)
    closers.push(async () => clearInterval(tick))
    closers.push(async () => producer?.stop())
    flow.progress()

    // JSON-RPC.
    const dumpState = () => dumpBetweenBlocks(store, { idle: () => executor.idle(), head: () => chain.head })
    const pendingListeners = new Set<(hash: `0x${string}`) => void>()
    const intake = new TransactionIntake({
      chainId,
      verifier,
      mempool,
      accepted: (transaction) => {
        for (const listener of pendingListeners) listener(transaction)
        if (!isMember()) relayPending()
        else if (dev) producer?.poke()
      },
    })
    const ingest = options.ingest ? await listenFrames({ tpu: intake.tpu, ...options.ingest }) : undefined
    if (ingest) closers.push(ingest.close)
    closers.push(() => intake.close())
    const status = createStatus({
      chainId,
      devnet: dev !== undefined,
      self,
      network,
      identities,
      ledger,
      chain,
      pruner,
      checkpoints,
      executor,
      mempool,
      isProducing: () => producing && isMember(),
      lag,
    })
    const metrics = createNodeMetrics({ status, now: clock.now })
    closers.push(async () => metrics.close())
    chain.onBlock(({ block, transactions, skipped }) =>
      metrics.onBlock({
        transactions: transactions.length,
        skipped: skipped.length,
        gasUsed: block.header.gasUsed,
        unitTimesMs: block.units.flatMap(({ id }) => ledger.header(id as UnitId)?.timestampMs ?? []),
      }),
    )
    const metricsServer = options.metrics ? await serveMetrics(metrics.registry, options.metrics) : undefined
    if (metricsServer) closers.push(metricsServer.close)
    const index =
      options.index === undefined
        ? undefined
        : await Indexer.open(options.index, {
            chain,
            genesisHash: chain.block(0)!.hash,
            onError: (error) => logger.error('the index stopped', { error: String(error) }),
          })
    if (index) closers.push(() => index.close())
    const context = createRpcContext({
      genesis,
      chain,
      state,
      mempool,
      intake,
      call: await createCallRunner(
        chainId,
        blockHash,
        ibc ? [...natives, ibc.callMachine.native] : natives,
        undefined,
        {},
        precompiles,
      ),
      ibc,
      checkpoints,
      onPending(listener) {
        pendingListeners.add(listener)
        return () => pendingListeners.delete(listener)
      },
      now: clock.now,
      index,
      dumpState,
      dev,
      ledger,
      network,
      heads,
      tickets: lottery.tickets,
      settings,
      status,
    })
    const onRpcError = (error: unknown, method: string) => {
      logger.error('internal error', { method, error: String(error) })
      if (isNodeError(error, 'NODE_STORE_CORRUPT')) onFault(error)
    }
    const router = createRpcRouter(context, onRpcError)
    let rpc: RpcServer | undefined
    if (options.rpc) {
      rpc = await startRpcServer(context, router, {
        host: options.rpc.host ?? '127.0.0.1',
        port: options.rpc.port,
        onError: onRpcError,
      })
      closers.push(rpc.close)
    }
    logger.info('node started', { rpc: rpc?.url, peerId: network.peerId, block: chain.head!.header.number })

    let stopping: Promise<void> | undefined
    return {
      rpcUrl: rpc?.url,
      ingestPort: ingest?.port,
      metricsPort: metricsServer?.port,
      peerId: network.peerId,
      addresses: () => network.addresses(),
      addPeers(addresses) {
        network.addPeers(addresses)
        knownPeers.add(addresses.filter((address) => !address.endsWith(network.peerId))).catch(onFault)
      },
      status,
      checkpoint: (epoch) => checkpoints.certified(epoch),
      onCheckpoint: (listener) => checkpoints.onCertificate(listener),
      setLink: (conditions) => network.setLink(conditions),
      dumpState,
      request: (method, params = []) => router.call(method, params),
      stop() {
        stopping ??= closeAll().finally(() => lag.disable())
        return stopping
      },
    }

    async function createCheckpoints(): Promise<Checkpoints> {
      const cosigners = options.cosigners ?? []
      return new Checkpoints({
        chain,
        cosigners,
        membersOf,
        store: checkpointStore,
        networkId: chainId,
        signatures,
        signer: keys && (await createShareSigner(keys)),
        publish: (share) => network?.publishAside('checkpoints', share),
        onFault,
      })
    }

    async function createShareSigner(validator: ValidatorKeys): Promise<ShareSigner> {
      return new ShareSigner({
        address: validator.address,
        secretKey: validator.secretKey,
        isogenyKey: validator.isogenyKey(),
        guard: await validator.guard('checkpoint-journal'),
        networkId: chainId,
        isogeny,
        store: checkpointStore,
        cosigners: options.cosigners ?? [],
      })
    }

    function createDevControl(devOptions: NonNullable<NodeOptions['dev']>): DevControl {
      return new DevControl({
        ...devOptions,
        isValidator: options.validatorKey !== undefined,
        get alone() {
          return ledger.epoch.committee.members.length === 1
        },
        roundIntervalMs,
        head: () => chain.head!.header,
        hasWork: () => mempool.hasWork,
        wake: () => producer?.poke(),
        onBlock: (listener) => chain.onBlock(({ block }) => listener(block.header.number)),
      })
    }

    async function createProducer(validator: ValidatorKeys): Promise<Producer> {
      return new Producer({
        ledger,
        roundIntervalMs,
        onFault,
        signer: validator.signer,
        guard: await validator.guard('signing-journal'),
        clock,
        // What cannot be executed soon is better left with the sender's node than put in front of everybody.
        take: () => (executor.backlog > MAX_BACKLOG ? [] : takePending()),
        lottery: (epoch) => lottery.take(epoch),
        messages: (transactions) => [...(dev?.messages(transactions.length > 0) ?? []), ...(ibc?.takeMessages() ?? [])],
        ...(dev ? { hurry: () => dev.hurry() } : {}),
        publish: (unit) => {
          flow.noteUnit()
          network.publish(unit.id, ledger.unitBytes(unit.id)!)
          tvu.prepare(unit)
          flow.progress()
        },
      })
    }
  } catch (error) {
    await closeAll().catch(() => {})
    throw error
  }
}
