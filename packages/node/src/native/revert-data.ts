import { encodeAbi } from '@zos/zpos'

/** Selector of Solidity's `Error(string)`. */
const ERROR_SELECTOR = Uint8Array.of(0x08, 0xc3, 0x79, 0xa0)

/** What `revert(reason)` of Solidity leaves: wallets and libraries show it. */
export function encodeError(reason: string): Uint8Array {
  const body = encodeAbi(['string'], [reason])
  const data = new Uint8Array(ERROR_SELECTOR.length + body.length)
  data.set(ERROR_SELECTOR)
  data.set(body, ERROR_SELECTOR.length)
  return data
}
