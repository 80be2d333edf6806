/**
 * A call that nobody signed and nobody pays for, with the accounting of a transaction (Yellow Paper §6.2 with EIP-1559, 2929, 3529, 3651 and
 * 7623) and without making one: for what is asked thousands of times a second, a transaction and a block made for each call cost more
 * than most calls.
 */
import type { Block } from '@ethereumjs/block'
import { Address, bytesToHex, hexToBytes } from '@ethereumjs/util'
import { floorGas, intrinsicGas } from '../mempool/intrinsic-gas.ts'
import type { NativeEvm } from '../native/native-evm.ts'
import { EMPTY_ACCOUNT } from '../state/account.ts'
import type { StateOverlay } from '../state/overlay.ts'
import type { EvmOutcome, UnsignedCall } from './evm-call.ts'
import { hexAddress } from './hex-address.ts'

/** EIP-3860. */
const MAX_INITCODE_BYTES = 49_152
const NO_SLOTS: ReadonlySet<string> = new Set()
/** EIP-3529. */
const MAX_REFUND_QUOTIENT = 5n

/**
 * Runs `call` on `state`, which is worth nothing afterwards: its last steps, which only change it, are left out. Errors: an `Error` with the
 * reason where a transaction would not begin.
 */
export async function runUnsigned(
  evm: NativeEvm,
  state: StateOverlay,
  block: Block,
  call: UnsignedCall,
): Promise<EvmOutcome> {
  const intrinsic = checkedIntrinsicGas(call)
  const sender = state.account(call.from) ?? EMPTY_ACCOUNT
  state.setAccount(call.from, {
    ...sender,
    nonce: sender.nonce + 1n,
    // The value is there although the sender may not have it: that is the caller's to check.
    balance: sender.balance < call.value ? call.value : sender.balance,
  })
  evm.journal.cleanJournal()
  try {
    warm(evm, block, call)
    const { execResult, createdAddress } = await evm.runCall({
      block,
      caller: new Address(hexToBytes(call.from)),
      ...(call.to ? { to: new Address(hexToBytes(call.to)) } : {}),
      gasLimit: call.gasLimit - intrinsic,
      value: call.value,
      data: call.data,
      skipNonceIncrement: true,
    })
    const { exceptionError, returnValue, logs, gasRefund = 0n } = execResult
    const spent = execResult.executionGasUsed + intrinsic
    const mostRefund = spent / MAX_REFUND_QUOTIENT
    const afterRefund = spent - (gasRefund < mostRefund ? gasRefund : mostRefund)
    const gasUsed = max(afterRefund, floorGas(call))
    return {
      succeeded: exceptionError === undefined,
      gasUsed,
      peakGas: max(spent, gasUsed),
      driftGas: evm.driftGas,
      logs: (logs ?? []).map(([address, topics, data]) => ({
        address: bytesToHex(address),
        topics: topics.map((topic) => bytesToHex(topic)),
        data,
      })),
      returned: returnValue,
      contractAddress: createdAddress?.toString(),
      exception: exceptionError?.error,
    }
  } finally {
    // What was thrown on the way has left it as it was.
    evm.journal.cleanJournal()
  }
}

/** Accounts with slots that cost no more than their second use from the start: those of `base` without copying them. */
class WarmAccounts extends Map<string, ReadonlySet<string>> {
  readonly #base: ReadonlyMap<string, ReadonlySet<string>>

  constructor(base: ReadonlyMap<string, ReadonlySet<string>>) {
    super()
    this.#base = base
  }

  override has(address: string): boolean {
    return super.has(address) || this.#base.has(address)
  }

  override get(address: string): ReadonlySet<string> | undefined {
    return super.get(address) ?? this.#base.get(address)
  }
}

/** EIP-2929, 2930 and 3651, in the form and under the names that the library's journal keeps. */
function warm(evm: NativeEvm, block: Block, { from, to, accessList = [] }: UnsignedCall): void {
  const accounts = new WarmAccounts(evm.warmPrecompiles)
  for (const address of [from, to, hexAddress(block.header.coinbase)])
    if (address) accounts.set(address.slice(2), NO_SLOTS)
  for (const { address, storageKeys } of accessList) {
    const known = accounts.get(address.slice(2)) ?? NO_SLOTS
    accounts.set(address.slice(2), new Set([...known, ...storageKeys.map((slot) => slot.slice(2))]))
  }
  Object.assign(evm.journal, { alwaysWarmJournal: accounts })
}

function checkedIntrinsicGas(call: UnsignedCall): bigint {
  if (!call.to && call.data.length > MAX_INITCODE_BYTES)
    throw new Error(
      `the initcode size of this transaction is too large: it is ${call.data.length} while the max is ${MAX_INITCODE_BYTES}`,
    )
  const intrinsic = intrinsicGas(call)
  const least = max(intrinsic, floorGas(call))
  if (call.gasLimit < least)
    throw new Error(
      `INTRINSIC_GAS_TOO_LOW: tx gas limit ${call.gasLimit} is lower than the minimum gas limit of ${least}`,
    )
  return intrinsic
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
