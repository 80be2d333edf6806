import { Interface, type InterfaceAbi, isError } from 'ethers'
import type { TypedRevert } from './typed-contract.ts'

/** 0x and four bytes. */
const SELECTOR_DIGITS = 10

/**
 * The error that a call of `application` reverted with, by name and with its arguments; undefined for what is no revert (a chain that does not
 * answer), has no data, or an error that the ABI does not have. Errors of other contracts that it calls are found where it has them in its ABI.
 */
export function revertOf<const Abi extends readonly unknown[]>(
  application: { readonly abi: Abi },
  cause: unknown,
): TypedRevert<Abi> | undefined {
  if (!isError(cause, 'CALL_EXCEPTION') || !cause.data || cause.data.length < SELECTOR_DIGITS) return undefined
  const abi = new Interface(application.abi as unknown as InterfaceAbi)
  try {
    const parsed = abi.parseError(cause.data)
    return parsed ? ({ name: parsed.name, args: parsed.args } as unknown as TypedRevert<Abi>) : undefined
  } catch {
    // A contract that it calls may answer with a known selector and nonsense behind it.
    return undefined
  }
}
