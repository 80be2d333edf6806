import type { EvmOutcome, UnsignedCall } from '../execution/evm.ts'
import { MAX_TRANSACTION_GAS, TRANSFER_GAS } from '../execution/gas-limits.ts'
import { LAST_RESERVED_ADDRESS } from '../execution/reserved-addresses.ts'
import { type AccountState, type AddressHex, EMPTY_ACCOUNT, NO_CODE } from '../state/account.ts'
import { callFailed } from './call-failure.ts'
import { ExecutionTimeout } from './call-pace.ts'
import { RpcCode, RpcError } from './rpc-error.ts'

/** The estimate is at most this fraction too high: a client loses nothing, the node saves runs. */
const TOLERANCE = 64n

/**
 * Gas with which `call` succeeds: at most a 64th more than it needs, and what native contracts may take more in a later block
 * ({@link EvmOutcome.driftGas}). A call that names no gas may use what a transaction may. `state` has the accounts of sender and recipient, `run`
 * executes the call with another gas limit: some five times.
 * Errors: {@link RpcError} when the sender lacks the value, or the call fails with all of the gas.
 */
export async function estimateGas(
  call: UnsignedCall,
  state: { account(address: AddressHex): AccountState | undefined },
  run: (call: UnsignedCall) => Promise<EvmOutcome>,
): Promise<bigint> {
  const { balance } = state.account(call.from) ?? EMPTY_ACCOUNT
  if (call.value > balance)
    throw new RpcError(RpcCode.rejected, `insufficient funds for transfer: address ${call.from}`)
  const toCode = call.to && (state.account(call.to)?.codeHash ?? NO_CODE)
  if (
    toCode === NO_CODE &&
    call.data.length === 0 &&
    !call.accessList &&
    !call.authorizationList &&
    call.to! > LAST_RESERVED_ADDRESS
  )
    return TRANSFER_GAS
  const most = { ...call, gasLimit: call.gasLimit || MAX_TRANSACTION_GAS }
  const first = await run(most)
  if (!first.succeeded) throw callFailed(first)
  // What was used is a lower bound: a call inside may need 64/63 of it to be there (EIP-150), refunds come at the end.
  let low = first.gasUsed - 1n
  let high = most.gasLimit
  const optimistic = ((first.gasUsed + 2_300n) * 64n) / 63n
  if (optimistic < high) {
    if ((await run({ ...call, gasLimit: optimistic })).succeeded) high = optimistic
    else low = optimistic
  }
  while (high - low > 1n && (high - low) * TOLERANCE > high) {
    const middle = (high + low) / 2n
    const outcome = await run({ ...call, gasLimit: middle }).catch(refusal)
    if (outcome?.succeeded) high = middle
    else low = middle
  }
  const drifted = high + first.driftGas
  return drifted < most.gasLimit ? drifted : most.gasLimit
}

/** What the EVM does not even begin with so little gas is a failure of the attempt; anything else is one of the whole. */
function refusal(error: unknown): undefined {
  if (!(error instanceof RpcError) || error instanceof ExecutionTimeout) throw error
}
