import { monitorEventLoopDelay } from 'node:perf_hooks'
import { bytesToHex } from '@ethereumjs/util'
import { verifyOnGpu } from '@zos/pipeline/gpu'
import { verifyHere } from '@zos/pipeline/tpu'
import { createVerifier } from '@zos/pipeline/verify'
import { TERM_ROUNDS } from '@zos/zpos'
import { SCHEME_SQISIGN } from '@zos/zpos/checkpoint'
import { CheckpointExchange } from './checkpoint/exchange.ts'
import { Heads } from './checkpoint/heads.ts'
import { schemesOf } from './checkpoint/members.ts'
import { openCheckpoints } from './checkpoint/open-checkpoints.ts'
import { encodeRecord } from './checkpoint/record.ts'
import { systemClock } from './clock.ts'
import { DevControl } from './devnet/dev-control.ts'
import { Executor } from './execution/executor.ts'
import { nextBaseFee } from './execution/header.ts'
import { createMachines } from './execution/machines.ts'
import { createProtocol } from './execution/protocol.ts'
import { gasPaceFault } from './genesis/gas-pace.ts'
import { HistoryPruner } from './history/pruner.ts'
import { Ibc } from './ibc/ibc.ts'
import { peerIdentification } from './identity/identify-peers.ts'
import { PeerIdentities } from './identity/peer-identities.ts'
import { ValidatorKeys } from './keys/validator-keys.ts'
import { EpochEnds } from './ledger/epoch-ends.ts'
import { createGenesisUnit } from './ledger/genesis-unit.ts'
import { type CommittedLeader, Ledger } from './ledger/ledger.ts'
import { peersForQuorum } from './ledger/peers-for-quorum.ts'
import { Producer } from './ledger/producer.ts'
import { UnitFlow } from './ledger/unit-flow.ts'
import { unitVerifier } from './ledger/unit-verifier.ts'
import { Lifecycle } from './lifecycle.ts'
import { startHeartbeat } from './log/heartbeat.ts'
import { createLottery } from './lottery/lottery.ts'
import { TransactionIntake } from './mempool/intake.ts'
import { Mempool } from './mempool/mempool.ts'
import { createStatus } from './metrics/node-status.ts'
import { readConsensusContract } from './native/consensus-contract.ts'
import type { Logger, NodeOptions, ZosNode } from './node-api.ts'
import { openPast } from './open-past.ts'
import { type Network, startNetwork } from './p2p/network.ts'
import { networkKey } from './p2p/network-key.ts'
import { createNetworkHandlers } from './p2p/node-handlers.ts'
import { checkPeerAddress } from './p2p/peer-address.ts'
import { type OpenContext, superviseNode } from './repair/supervise.ts'
import { healthOf } from './rpc/health.ts'
import { serve } from './serve.ts'
import { isBehindPeers } from './snapshot/join.ts'
import { SnapshotKeeper } from './snapshot/keeper.ts'
import { dumpBetweenBlocks } from './state/dump.ts'
import { Tvu } from './tvu/tvu.ts'

/** Bytes and gas of transactions in one unit of this node. */
const UNIT_MAX_BYTES = 512 * 1024
/** Committed blocks waiting for execution beyond which a validator proposes no more transactions. */
const MAX_BACKLOG = 16
/** How often the node looks whether it stands still or lacks something. */
const TICK_MS = 500
/** Hashes for one ticket: some 0.5 s of a core every term of 15 s. */
const DEFAULT_TICKET_HASHES = 16
const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** Starts a node. Errors: `NODE_INVALID_ARGUMENT`, `NODE_PORT_TAKEN`, `NODE_DATA_DIR`, `NODE_DATA_DIR_LOCKED`, `NODE_GENESIS_MISMATCH`, `NODE_STORE_CORRUPT`, `NODE_STATE_DIVERGED`. */
export function createNode(options: NodeOptions): Promise<ZosNode> {
  return superviseNode(options, openNode)
}

async function openNode(options: NodeOptions, opening: OpenContext): Promise<ZosNode> {
  const { genesis, dataDir, roundIntervalMs = 1_000, pruning = {}, logger = SILENT, clock = systemClock } = options
  const { chainId } = genesis
  for (const address of options.p2p?.peers ?? []) checkPeerAddress(address)
  const paceFault = options.validatorKey && !genesis.devnet && gasPaceFault(BigInt(genesis.gasLimit), roundIntervalMs)
  if (paceFault) logger.warn(paceFault.message, { code: paceFault.code, ...paceFault.context })
  const lag = monitorEventLoopDelay({ resolution: 10 })
  lag.enable()
  const lifecycle = new Lifecycle({ dataDir, logger, onFault: options.onFault })
  const { onFault, onClose } = lifecycle
  let producer: Producer | undefined
  lifecycle.atFault(() => void producer?.stop())
  try {
    const past = await openPast({ ...options, logger }, opening, lifecycle)
    const { store, hash, settings, isogeny, knownPeers, chain, state, committees } = past

    // Consensus: what is final, in which order.
    const verifier = createVerifier()
    const verify = options.gpu ? verifyOnGpu(options.gpu, { cpu: verifier }) : verifyHere(verifier)
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
        onOpen: onClose,
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
    onClose(() => ledger.flush())
    const self = keys?.address
    const isMember = () => self !== undefined && ledger.epoch.committee.has(self)
    onClose(() => lottery.stop())

    let network!: Network
    // Execution: blocks from committed leaders.
    const mempool: Mempool = new Mempool(() => ({
      account: (address) => state.latest().account(address),
      nextBaseFee: dev?.nextBaseFee ?? nextBaseFee(chain.head!.header),
      blockGasLimit: chain.head!.header.gasLimit,
    }))
    const tvu = new Tvu({ chainId, verify, known: (transaction) => mempool.get(transaction) })
    onClose(() => tvu.close())
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
    const { evm, call } = await createMachines({ chainId, chain, state, settings, verifier, ibc })
    const executor = new Executor({
      chain,
      state,
      ledger,
      tvu,
      protocol: createProtocol({ ledger, state, committees, settings, genesisMs: genesis.timestampMs }),
      onFault,
      ibc,
      evm,
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
    onClose(() => executor.stop())

    // Checkpoints: what an epoch leaves behind, signed by its validators.
    const membersOf = (epoch: number) => (ledger.epochStart(epoch) ?? committees.of(epoch))?.members
    const checkpoints = await openCheckpoints({
      chain,
      membersOf,
      keys,
      isogeny,
      store: past.checkpointStore,
      networkId: chainId,
      signatures: past.signatures,
      cosigners: options.cosigners ?? [],
      publish: (share) => network?.publishAside('checkpoints', share),
      onFault,
    })
    onClose(() => checkpoints.stop())
    const identities = new PeerIdentities({
      isogeny,
      genesisHash: hash,
      members: () => ledger.committee.members,
      keys: keys?.both(),
      now: clock.now,
    })
    const identifyPeers = peerIdentification({ identities, network: () => network, clock, logger })
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
    const ends = new EpochEnds({ committees, checkpoints })
    const finalize = (leader: CommittedLeader) => {
      ends.committed(leader)
      executor.push(leader)
    }
    checkpoints.resume(ledger.epoch.number, (epoch) => ledger.epochStart(epoch)?.block)
    // Epoch after epoch: the committee of the next but one is elected by the last block of this one.
    for (let leaders = ledger.commit(); leaders.length > 0 && !lifecycle.fault; leaders = ledger.commit()) {
      for (const leader of leaders) finalize(leader)
      await executor.idle()
    }
    if (lifecycle.fault) throw lifecycle.fault
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
    onClose(() => snapshots.close())
    const pruner = new HistoryPruner({
      store,
      epochStart: (number) => ledger.epochStart(number),
      held: () => snapshots.firstEpoch,
      onMark: ({ block }) => chain.dropBefore(block),
      ...pruning,
      onFault,
    })
    onClose(() => pruner.stop())
    pruner.advance(ledger.epoch.number)
    chain.onBlock(({ block, transactions, skipped }) => {
      const { header } = block
      mempool.settle(header.number, transactions, skipped)
      const ended = ends.executed(header.number)
      if (!isMember()) relayPending()
      if (ledger.waitsForCommittee) {
        // A node that catches up may come to the last block of an epoch before the ledger has begun the next one.
        if (ended !== undefined && !lifecycle.closing) flow.advance()
        else flow.progress()
      }
      if (ended === undefined || lifecycle.closing) return
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
        ends.expect(leader)
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
      isBehind: (epoch) => isBehindPeers({ addresses: past.peers(), genesisHash: hash, epoch }),
      isClosing: () => lifecycle.closing,
      hasFailed: () => lifecycle.fault !== undefined,
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
      privateKey: await networkKey(options.validatorKey, dataDir),
      listen: options.p2p?.listen ?? ['/ip4/127.0.0.1/tcp/0'],
      peers: past.peers(),
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
    onClose(() => network.stop())
    const tick = setInterval(() => {
      flow.tick()
      if (hybrid) identifyPeers()
      exchange.ask().catch((error) => logger.debug('asking for checkpoints failed', { error: String(error) }))
    }, TICK_MS)
    onClose(async () => clearInterval(tick))
    onClose(async () => producer?.stop())
    flow.progress()

    // What clients are served.
    const dumpState = () => dumpBetweenBlocks(store, { idle: () => executor.idle(), head: () => chain.head })
    const pendingListeners = new Set<(hash: `0x${string}`) => void>()
    const intake = new TransactionIntake({
      chainId,
      verify,
      mempool,
      accepted: (transaction) => {
        for (const listener of pendingListeners) listener(transaction)
        if (!isMember()) relayPending()
        else if (dev) producer?.poke()
      },
    })
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
    const served = await serve(
      options,
      {
        genesis,
        chain,
        state,
        mempool,
        intake,
        call,
        ibc,
        checkpoints,
        onPending(listener) {
          pendingListeners.add(listener)
          return () => pendingListeners.delete(listener)
        },
        now: clock.now,
        dumpState,
        dev,
        ledger,
        network,
        heads,
        tickets: lottery.tickets,
        settings,
        status,
        logger,
        health: () => healthOf({ chain, unitAgeMs: flow.unitAgeMs, roundIntervalMs }),
      },
      lifecycle,
    )
    const endHeartbeat = startHeartbeat({
      logger,
      chain,
      epoch: () => ledger.epoch.number,
      peers: () => network.peers().length,
    })
    onClose(async () => endHeartbeat())
    logger.info('node started', { rpc: served.rpcUrl, peerId: network.peerId, block: chain.head!.header.number })

    let stopping: Promise<void> | undefined
    return {
      rpcUrl: served.rpcUrl,
      ingestPort: served.ingestPort,
      metricsPort: served.metricsPort,
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
      request: (method, params = []) => served.call(method, params),
      stop() {
        stopping ??= lifecycle.close().finally(() => lag.disable())
        return stopping
      },
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
    await lifecycle.close().catch(() => {})
    throw error
  }
}
