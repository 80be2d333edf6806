import type { PrecompileFunc } from '@ethereumjs/evm'
import { type Blake2bCompress, createBlake2bCompress } from './blake2b.ts'

/** The address, in 40 hex digits. */
export const BLAKE2F = '09'.padStart(40, '0')
/** EIP-152: rounds (4 bytes), h, m, t, and whether it is the last block. */
const INPUT_BYTES = 213

/** BLAKE2F (EIP-152) with the fast compression; what is wrong, or out of gas, is for the EVM's `own` to say. */
export function blake2fInstead(): (own: PrecompileFunc) => PrecompileFunc {
  let compress: Blake2bCompress | undefined
  return (own) => (input) => {
    const { data, gasLimit, common } = input
    const last = data[INPUT_BYTES - 1]
    if (data.length !== INPUT_BYTES || (last !== 0 && last !== 1)) return own(input)
    const rounds = new DataView(data.buffer, data.byteOffset).getUint32(0)
    const executionGasUsed = common.param('blake2RoundGas') * BigInt(rounds)
    if (executionGasUsed > gasLimit) return own(input)
    compress ??= createBlake2bCompress()
    return { executionGasUsed, returnValue: compress(rounds, data.subarray(4, INPUT_BYTES - 1), last === 1) }
  }
}
