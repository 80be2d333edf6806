import type { UnitId } from '@zos/dag'
import type { ConsensusContract } from '@zos/zpos'
import type { StoredBlock } from '../chain/block-codec.ts'
import type { Chain } from '../chain/chain.ts'
import type { Checkpoints } from '../checkpoint/checkpoints.ts'
import type { Head } from '../checkpoint/heads.ts'
import type { DevControl } from '../devnet/dev-control.ts'
import type { BlockContext } from '../execution/block-context.ts'
import { type BlockHashOf, Evm, type EvmOutcome, type UnsignedCall } from '../execution/evm.ts'
import type { Genesis, GenesisAccount } from '../genesis/genesis.ts'
import type { Ibc } from '../ibc/ibc.ts'
import type { Indexer } from '../indexer/indexer.ts'
import type { Epoch } from '../ledger/epoch.ts'
import type { LedgerOffence } from '../ledger/offences.ts'
import type { LedgerTicket } from '../lottery/ticket-index.ts'
import type { TransactionIntake } from '../mempool/intake.ts'
import type { Mempool } from '../mempool/mempool.ts'
import type { NativeContract } from '../native/native-contract.ts'
import type { Precompiles } from '../precompiles/precompiles.ts'
import type { StateReader } from '../state/overlay.ts'
import type { WorldState } from '../state/world-state.ts'
import { type CallLimits, CallPace, DEFAULT_CALL_MS, DEFAULT_TRACE_MS } from './call-pace.ts'
import type { ForkSchedule } from './fork-schedule.ts'
import type { BlockParam } from './params.ts'
import { pruned, RpcCode, RpcError } from './rpc-error.ts'
import { nextTurn } from './turns.ts'

/** What a unit is, as `zos_getUnit` tells it. */
export interface UnitInfo {
  id: UnitId
  round: number | undefined
  author: string
  height: number
  mci: number | undefined
  /** True if the main chain runs through it. */
  mainChain: boolean
  timestampMs: number
  parents: readonly UnitId[]
}

/** Who makes units now, and who leads when. */
export interface CommitteeInfo {
  epoch: number
  baseRound: number
  /** Stake that is a quorum. */
  quorum: bigint
  members: readonly { address: string; stake: bigint }[]
  committer: { leaderAt(round: number): string | undefined }
}

/** What the methods are served from. The node puts it together once. */
export interface RpcContext {
  genesis: Genesis
  chain: Chain
  state: WorldState
  mempool: Mempool
  intake: TransactionIntake
  checkpoints: Checkpoints
  /** The newest block that a quorum has signed. */
  head: () => Head | undefined
  /** Runs calls one after the other on an EVM of their own. */
  call: CallRunner
  peerCount: () => number
  status: () => Record<string, unknown>
  unit: (id: UnitId) => UnitInfo | undefined
  tips: () => UnitId[]
  /** Of the epoch that is running. */
  committee: () => CommitteeInfo
  /** The units of a round; none beyond the highest. */
  roundUnits: (round: number) => readonly UnitId[]
  /** Who signed twice in these rounds of the running epoch. */
  offences: (from: number, to: number) => LedgerOffence[]
  /** The consensus contract after the newest block. */
  consensus: () => ConsensusContract
  /** The running epoch, and the tickets that have come for the next term. */
  lottery: () => { epoch: Epoch; tickets: LedgerTicket[] }
  /** Of a chain that ZOS did not make. */
  forks?: ForkSchedule
  /** On networks that speak IBC. */
  ibc: Ibc | undefined
  /** Called with the hash of every transaction that enters the pool. */
  onPending: (listener: (hash: `0x${string}`) => void) => () => void
  now: () => number
  index: Indexer | undefined
  dumpState: () => Promise<GenesisAccount[]>
  /** On a development network that this node serves. */
  dev: DevControl | undefined
}

/** A method: `params` as the client sent them, already known to be a list. */
export type RpcMethod = (params: readonly unknown[], context: RpcContext) => unknown

/** The block that `param` names. `pending` is `latest`: a ZOS node has no block that is not final. */
export function resolveBlock({ chain }: RpcContext, param: BlockParam): StoredBlock | undefined {
  if (typeof param === 'object') return chain.blockByHash(param.hash)
  if (typeof param === 'number') {
    if (param > 0 && param < chain.firstBlock) throw pruned(param, chain.firstBlock)
    return param > chain.head!.header.number ? undefined : chain.block(param)
  }
  return param === 'earliest' ? chain.block(0) : chain.head
}

/** The state after the block that `param` names. Errors: unknown block; state older than what the node keeps. */
export function resolveState(context: RpcContext, param: BlockParam): { block: StoredBlock; state: StateReader } {
  const block = resolveBlock(context, param)
  if (!block) throw new RpcError(RpcCode.rejected, 'header not found')
  const state = context.state.at(block.header.number)
  if (!state)
    throw new RpcError(RpcCode.rejected, `the state of block ${block.header.number} is no longer kept by this node`)
  return { block, state }
}

export interface CallRunner {
  /** Runs one call. Errors: {@link ExecutionTimeout}, `limitExceeded` when too many wait. */
  run(state: StateReader, context: BlockContext, call: UnsignedCall): Promise<EvmOutcome>
  /** Runs `job` (a trace, a simulation) with an EVM to itself, which is not the one of {@link run}: no call waits for a trace. Errors: as above. */
  use<T>(job: (evm: Evm) => Promise<T>): Promise<T>
}

/** Calls queued beyond this are refused: most take a tenth of a millisecond, and each can take seconds. */
const MAX_WAITING_CALLS = 1_024

export async function createCallRunner(
  chainId: number,
  blockHash: BlockHashOf,
  natives: readonly NativeContract[],
  imported?: Parameters<typeof Evm.create>[3],
  limits: CallLimits = {},
  precompiles?: Precompiles,
): Promise<CallRunner> {
  const { callMs = DEFAULT_CALL_MS, traceMs = DEFAULT_TRACE_MS } = limits
  const createQueue = async (limitMs: number) => {
    const pace = new CallPace(limits)
    const evm = await Evm.create(chainId, blockHash, natives, imported, pace, precompiles)
    let waiting = 0
    let last: Promise<unknown> = Promise.resolve()
    return <T>(job: (evm: Evm) => Promise<T>): Promise<T> => {
      if (waiting >= MAX_WAITING_CALLS)
        return Promise.reject(new RpcError(RpcCode.limitExceeded, 'too many calls at once'))
      // After all that came in with it, and then one after the other: see createGathering.
      if (waiting++ === 0) last = nextTurn()
      const run = last.then(async () => {
        pace.begin(limitMs)
        const result = await job(evm)
        pace.check()
        return result
      })
      last = run.catch(() => {})
      return run.finally(() => waiting--)
    }
  }
  const call = await createQueue(callMs)
  return {
    run: (state, context, unsigned) => call((evm) => evm.evaluate(state, context, unsigned)),
    use: await createQueue(traceMs),
  }
}
