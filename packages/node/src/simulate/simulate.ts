/**
 * `eth_simulateV1` (execution-apis): blocks that nobody makes on top of one that is there, with state and block as the caller wants them.
 * They are blocks in full, down to the state root and the hash. Nothing of them reaches the state of the node.
 */
import type { StoredBlock } from '../chain/block-codec.ts'
import { ethereumBlockSize } from '../execution/block-rlp.ts'
import type { Evm } from '../execution/evm.ts'
import { type BlockHeader, headerHash, nextBaseFee, ZERO_HASH } from '../execution/header.ts'
import {
  applyOverrides,
  type BlockOverrides,
  type StateOverrides,
  withoutReplacedStorage,
} from '../execution/overrides.ts'
import { bloomOf, encodeReceipt, type Log, type Receipt } from '../execution/receipt.ts'
import { writeSystemContracts } from '../execution/system-contracts.ts'
import { type AddressHex, type Hash, NO_CODE } from '../state/account.ts'
import { indexedRoot } from '../state/indexed-root.ts'
import { StateOverlay } from '../state/overlay.ts'
import type { WorldState } from '../state/world-state.ts'
import { movedPrecompiles } from './precompile-moves.ts'
import { type CallRequest, createCalls, MAX_NONCE, type SimulatedResult } from './simulated-call.ts'
import { SimulationCode, SimulationError } from './simulation-error.ts'

/** Blocks from the base to the last, also those that only fill a gap of numbers: as in other clients. */
export const MAX_SIMULATED_BLOCKS = 256
/** Seconds from block to block where the caller names no time, as in other clients. */
const SECONDS_BETWEEN_BLOCKS = 12

export interface BlockRequest {
  block: BlockOverrides
  accounts: StateOverrides
  calls: readonly CallRequest[]
}

export interface SimulationRequest {
  blocks: readonly BlockRequest[]
  /** Nonces, fees and balances have to fit, as in a block that counts. */
  validation: boolean
  traceTransfers: boolean
  chainId: number
  signal?: AbortSignal
}

export interface SimulatedBlock {
  block: StoredBlock
  results: SimulatedResult[]
}

/** Runs `request` over `base`, on a branch of the state after it. Throws {@link SimulationError}. */
export async function simulate(
  evm: Evm,
  base: StoredBlock,
  state: WorldState,
  request: SimulationRequest,
): Promise<SimulatedBlock[]> {
  const calls = createCalls(evm, request)
  const made: SimulatedBlock[] = []
  const hashes = new Map<number, Hash>()
  let parent = base
  for (const wanted of scheduled(base.header, request.blocks)) {
    const one = await simulateBlock(evm, parent, state, wanted, request.validation, calls, hashes)
    hashes.set(one.block.header.number, one.block.hash)
    made.push(one)
    parent = one.block
  }
  return made
}

type Scheduled = BlockRequest & { block: { number: number; timestamp: number } }

/** The blocks with number and time, and those that fill the gaps between them. */
function* scheduled(base: BlockHeader, blocks: readonly BlockRequest[]): Generator<Scheduled> {
  const all: Scheduled[] = []
  let { number, timestamp } = base
  for (const request of blocks) {
    const next = request.block.number ?? number + 1
    if (next <= number)
      throw new SimulationError(SimulationCode.blockNumber, `block numbers must be in order: ${next} <= ${number}`)
    if (next - base.number > MAX_SIMULATED_BLOCKS) throw new SimulationError(SimulationCode.limit, 'too many blocks')
    for (number++; number < next; number++) {
      timestamp += SECONDS_BETWEEN_BLOCKS
      all.push({ block: { number, timestamp }, accounts: new Map(), calls: [] })
    }
    const time = request.block.timestamp ?? timestamp + SECONDS_BETWEEN_BLOCKS
    if (time <= timestamp)
      throw new SimulationError(
        SimulationCode.blockTimestamp,
        `block timestamps must be in order: ${time} <= ${timestamp}`,
      )
    timestamp = time
    all.push({ ...request, block: { ...request.block, number, timestamp } })
  }
  yield* all
}

async function simulateBlock(
  evm: Evm,
  parent: StoredBlock,
  state: WorldState,
  { block: wanted, accounts, calls: requests }: Scheduled,
  validation: boolean,
  calls: ReturnType<typeof createCalls>,
  blockHashes: ReadonlyMap<number, Hash>,
): Promise<SimulatedBlock> {
  const context = {
    beneficiary: parent.header.beneficiary,
    gasLimit: parent.header.gasLimit,
    mixHash: ZERO_HASH,
    parentBeaconBlockRoot: ZERO_HASH,
    baseFeePerGas: validation ? nextBaseFee(parent.header) : 0n,
    ...wanted,
  }
  const precompiles = movedPrecompiles(evm.precompiles, accounts)
  for (const [address, { state: replaced }] of accounts) if (replaced) state.wipeStorage(address)
  const overlay = new StateOverlay(withoutReplacedStorage(state.latest(), accounts))
  applyOverrides(overlay, accounts)
  writeSystemContracts(overlay, {
    ...context,
    parentHash: parent.hash,
    parentUnit: context.parentBeaconBlockRoot,
  })

  const results: SimulatedResult[] = []
  let gasUsed = 0n
  let nextLog = 0
  for (const request of requests) {
    const result = await calls.run(overlay, { ...context, gasUsed, nextLog }, request, { precompiles, blockHashes })
    gasUsed += result.outcome.gasUsed
    nextLog = result.nextLog
    wrapNonce(overlay, result.sender)
    results.push(result)
  }
  dropEmptyAccounts(overlay)
  const { stateRoot } = state.apply(context.number, overlay.changes())
  const receipts = receiptsOf(results)
  const raws = results.map(({ tx }) => tx.raw)
  const header: BlockHeader = {
    ...context,
    parentHash: parent.hash,
    stateRoot,
    transactionsRoot: indexedRoot(raws),
    receiptsRoot: indexedRoot(receipts.map(encodeReceipt)),
    logsBloom: bloomOf(receipts.flatMap(({ logs }) => [...logs])),
    gasUsed,
    extraData: '0x',
  }
  return {
    results,
    block: {
      header,
      hash: headerHash(header),
      leader: context.parentBeaconBlockRoot,
      round: parent.round,
      units: [],
      transactions: results.map(({ hash }) => hash),
      size: ethereumBlockSize(
        header,
        raws.map((raw) => ({ raw })),
      ),
    },
  }
}

function receiptsOf(results: readonly SimulatedResult[]): Receipt[] {
  let cumulativeGasUsed = 0n
  return results.map(({ tx, outcome }) => {
    cumulativeGasUsed += outcome.gasUsed
    const logs: Log[] = outcome.succeeded ? outcome.logs : []
    return {
      type: tx.type,
      succeeded: outcome.succeeded,
      gasUsed: outcome.gasUsed,
      cumulativeGasUsed,
      effectiveGasPrice: 0n,
      logs,
      contractAddress: outcome.contractAddress,
    }
  })
}

/** Without validation a nonce may be the last of 64 bits; the one after it is 0. */
function wrapNonce(overlay: StateOverlay, address: AddressHex): void {
  const account = overlay.account(address)
  if (account && account.nonce > MAX_NONCE) overlay.setAccount(address, { ...account, nonce: 0n })
}

/** EIP-161: what is empty after a block is not there. Overrides can leave such accounts. */
function dropEmptyAccounts(overlay: StateOverlay): void {
  const gone: AddressHex[] = []
  for (const [address, account] of overlay.changes().accounts)
    if (account && account.nonce === 0n && account.balance === 0n && account.codeHash === NO_CODE) gone.push(address)
  for (const address of gone) overlay.setAccount(address, undefined)
}
