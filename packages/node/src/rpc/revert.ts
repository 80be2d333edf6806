import { bytesToHex } from '@ethereumjs/util'

/** Selector of Solidity's `Error(string)`. */
const ERROR_SELECTOR = '08c379a0'
/** Selector of Solidity's `Panic(uint256)`. */
const PANIC_SELECTOR = '4e487b71'

/** What a revert says for itself, with `: ` in front; empty when it is a custom error or nothing. */
export function revertMessage(returned: Uint8Array): string {
  const hex = bytesToHex(returned).slice(2)
  if (hex.startsWith(PANIC_SELECTOR) && returned.length >= 36) return `: panic code 0x${hex.slice(70, 72)}`
  if (!hex.startsWith(ERROR_SELECTOR) || returned.length < 68) return ''
  const length = Number.parseInt(hex.slice(8 + 64 + 56, 8 + 128), 16)
  return `: ${new TextDecoder().decode(returned.subarray(68, 68 + length))}`
}
