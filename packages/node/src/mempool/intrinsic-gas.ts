/** What the price depends on, of a transaction or of a call that nobody signed. */
interface PricedParts {
  readonly to?: unknown
  readonly data: Uint8Array
  readonly accessList?: readonly { readonly storageKeys: { readonly length: number } }[]
  readonly authorizationList?: { readonly length: number }
}

/** Gas before the first opcode: Yellow Paper §6.2 with EIP-2028, 2930, 3860 and 7702. */
export function intrinsicGas(tx: PricedParts): bigint {
  const tokens = calldataTokens(tx.data)
  let gas = 21_000n + 4n * tokens
  if (!tx.to) gas += 32_000n + 2n * BigInt(Math.ceil(tx.data.length / 32))
  for (const { storageKeys } of tx.accessList ?? []) gas += 2_400n + 1_900n * BigInt(storageKeys.length)
  return gas + 25_000n * BigInt(tx.authorizationList?.length ?? 0)
}

/** The least that a transaction with this calldata pays (EIP-7623). */
export function floorGas(tx: Pick<PricedParts, 'data'>): bigint {
  return 21_000n + 10n * calldataTokens(tx.data)
}

/** A zero byte counts one, any other four. */
function calldataTokens(data: Uint8Array): bigint {
  let tokens = 0
  for (let index = 0; index < data.length; index++) tokens += data[index] === 0 ? 1 : 4
  return BigInt(tokens)
}
