/** One call of a simulation: filled in, checked as a block would, and run. */
import type { Transaction } from '@zos/pipeline/transaction'
import type { BlockContext } from '../execution/block-context.ts'
import type { Evm, EvmOutcome, SimulationOptions, UnsignedCall } from '../execution/evm.ts'
import { floorGas, intrinsicGas } from '../mempool/intrinsic-gas.ts'
import { EMPTY_ACCOUNT, type Hash } from '../state/account.ts'
import type { StateOverlay } from '../state/overlay.ts'
import { describe, hashOf, type SimulatedCall, simulatedTransaction } from './simulated-transaction.ts'
import { SimulationCode, SimulationError } from './simulation-error.ts'
import { type NumberedLog, TransferLogs } from './transfer-logs.ts'

/** Gas of all calls of one request: some seconds of the node's time. The amount that other clients grant. */
export const SIMULATION_GAS = 50_000_000n
export const MAX_NONCE = 2n ** 64n - 1n

/** A call as the client sent it. */
export interface CallRequest extends Omit<UnsignedCall, 'gasLimit' | 'fees'> {
  gas?: bigint
  nonce?: bigint
  gasPrice?: bigint
  fees?: SimulatedCall['fees']
}

export interface SimulatedResult {
  tx: Transaction
  hash: Hash
  sender: SimulatedCall['from']
  outcome: EvmOutcome
  /** What the client is told: with transfers where it asked for them. */
  logs: readonly NumberedLog[]
  /** The number that the next log of the block gets. */
  nextLog: number
}

type Place = BlockContext & { gasUsed: bigint; nextLog: number }

/** Runs the calls of one request, which share its gas. */
export function createCalls(
  evm: Evm,
  {
    validation,
    traceTransfers,
    chainId,
    signal,
  }: {
    validation: boolean
    traceTransfers: boolean
    chainId: number
    signal?: AbortSignal
  },
): {
  run: (
    overlay: StateOverlay,
    place: Place,
    request: CallRequest,
    options: Omit<SimulationOptions, 'isFree'>,
  ) => Promise<SimulatedResult>
} {
  let budget = SIMULATION_GAS
  return {
    async run(overlay, place, request, options) {
      signal?.throwIfAborted()
      // Other work of the node gets a turn between calls.
      await new Promise((resolve) => setImmediate(resolve))
      const call = filledIn(overlay, place, request, budget)
      const isFree = !validation && call.fees.maxFeePerGas === 0n && call.fees.maxPriorityFeePerGas === 0n
      check(overlay, place, call, { validation, isFree })
      let tx: Transaction | undefined
      const transfers = traceTransfers ? new TransferLogs(overlay, place.nextLog) : undefined
      const outcome = await refusals(call, () =>
        evm.watch(transfers ?? {}, () =>
          evm.simulate(
            overlay,
            place,
            (common) => {
              const built = simulatedTransaction(call, common)
              tx = describe(built, call, chainId)
              checkIntrinsicGas(tx)
              return built
            },
            call.from,
            { ...options, isFree },
          ),
        ),
      )
      budget -= outcome.gasUsed
      const own = (outcome.succeeded ? outcome.logs : []).map((log, index) => ({ log, index: place.nextLog + index }))
      const logs = transfers?.logs ?? own
      const nextLog = transfers?.next ?? place.nextLog + own.length
      return { tx: tx!, hash: hashOf(tx!), sender: call.from, outcome, logs, nextLog }
    },
  }
}

function filledIn(overlay: StateOverlay, place: Place, request: CallRequest, budget: bigint): SimulatedCall {
  const { gas, nonce, gasPrice, fees, ...call } = request
  const wanted = gas ?? place.gasLimit - place.gasUsed
  if (place.gasUsed + wanted > place.gasLimit)
    throw new SimulationError(
      SimulationCode.blockGasLimit,
      `block gas limit reached: ${place.gasUsed + wanted} >= ${place.gasLimit}`,
    )
  return {
    ...call,
    gasLimit: wanted > budget ? budget : wanted,
    nonce: nonce ?? (overlay.account(call.from) ?? EMPTY_ACCOUNT).nonce,
    isLegacy: gasPrice !== undefined,
    fees: fees ?? { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n },
  }
}

/** In the order of a block's checks. */
function check(
  overlay: StateOverlay,
  { baseFeePerGas }: BlockContext,
  { from, nonce, fees, gasLimit, value }: SimulatedCall,
  { validation, isFree }: { validation: boolean; isFree: boolean },
): void {
  const account = overlay.account(from) ?? EMPTY_ACCOUNT
  const refuse = (code: number, what: string) => new SimulationError(code, `err: ${what} (supplied gas ${gasLimit})`)
  if (validation && nonce < account.nonce)
    throw refuse(SimulationCode.nonceTooLow, `nonce too low: address ${from}, tx: ${nonce} state: ${account.nonce}`)
  if (validation && nonce > account.nonce)
    throw refuse(SimulationCode.nonceTooHigh, `nonce too high: address ${from}, tx: ${nonce} state: ${account.nonce}`)
  if (validation && nonce >= MAX_NONCE)
    throw refuse(SimulationCode.internal, `nonce has max value: address ${from}, nonce: ${nonce}`)
  if (!isFree && fees.maxFeePerGas < baseFeePerGas)
    throw refuse(
      SimulationCode.feeTooLow,
      `max fee per gas less than block base fee: address ${from}, maxFeePerGas: ${fees.maxFeePerGas}, baseFee: ${baseFeePerGas}`,
    )
  const cost = gasLimit * fees.maxFeePerGas + value
  if (account.balance < cost)
    throw refuse(
      SimulationCode.insufficientFunds,
      `insufficient funds for gas * price + value: address ${from} have ${account.balance} want ${cost}`,
    )
}

function checkIntrinsicGas(tx: Transaction): void {
  const [intrinsic, floor] = [intrinsicGas(tx), floorGas(tx)]
  const least = intrinsic > floor ? intrinsic : floor
  if (tx.gasLimit < least)
    throw new SimulationError(
      SimulationCode.intrinsicGas,
      `err: intrinsic gas too low: have ${tx.gasLimit}, want ${least} (supplied gas ${tx.gasLimit})`,
    )
}

/** What the EVM itself refuses ends the simulation, with its word for it. */
async function refusals<T>({ gasLimit }: SimulatedCall, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof SimulationError || !(error instanceof Error) || error.name !== 'EthereumJSError') throw error
    const reason = error.message.replace(/ \(vm hf.*$/s, '')
    throw new SimulationError(SimulationCode.internal, `err: ${reason} (supplied gas ${gasLimit})`)
  }
}
