/** Random programs that get far: each instruction finds its operands, mostly small ones, and jumps lead somewhere. */
import fc from 'fast-check'
import type { AddressHex } from '../../src/state/account.ts'

/** Accounts of the world that the programs run in. */
export const CALLER: AddressHex = `0x${'aa'.repeat(20)}`
export const CONTRACTS: readonly AddressHex[] = ['c1', 'c2', 'c3'].map((byte): AddressHex => `0x${byte.repeat(20)}`)
/** An account that delegates to the first contract (EIP-7702). */
export const DELEGATED: AddressHex = `0x${'dd'.repeat(20)}`
export const BENEFICIARY: AddressHex = `0x${'0e'.repeat(20)}`

type Bytes = readonly number[]

const push = (value: bigint): Bytes => {
  const hex = value.toString(16)
  const digits = hex.padStart(hex.length + (hex.length % 2), '0')
  return value === 0n ? [0x5f] : [0x5f + digits.length / 2, ...Buffer.from(digits, 'hex')]
}
const small = fc.oneof(
  { weight: 15, arbitrary: fc.bigInt({ min: 0n, max: 70n }) },
  { weight: 1, arbitrary: fc.constantFrom(1_000n, 9_000n, 2n ** 70n) },
)
const word = fc.oneof(
  { weight: 4, arbitrary: small },
  { weight: 2, arbitrary: fc.constantFrom(255n, 256n, 2n ** 255n, 2n ** 256n - 1n, 2n ** 160n - 1n, 2n ** 64n) },
  { weight: 2, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }) },
)
const account = fc.constantFrom(...[...CONTRACTS, DELEGATED, CALLER, BENEFICIARY, `0x${'00'.repeat(19)}04`].map(BigInt))
const slot = fc.bigInt({ min: 0n, max: 3n })

/** Operands from the top of the stack down, then the instruction. */
const run = (op: number, ...operands: fc.Arbitrary<bigint>[]): fc.Arbitrary<Bytes> =>
  fc.tuple(...operands).map((values) => [...values.toReversed().flatMap(push), op])
const any = (ops: Bytes, ...operands: fc.Arbitrary<bigint>[]) =>
  fc.constantFrom(...ops).chain((op) => run(op, ...operands))

const snippet: fc.Arbitrary<Bytes> = fc.oneof(
  { weight: 6, arbitrary: any([0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0b, 0x1a], word, word) },
  { weight: 4, arbitrary: any([0x10, 0x11, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1b, 0x1c, 0x1d], word, word) },
  { weight: 2, arbitrary: any([0x15, 0x19, 0x1e], word) },
  { weight: 1, arbitrary: any([0x08, 0x09], word, word, word) },
  { weight: 1, arbitrary: run(0x0a, word, small) },
  {
    weight: 3,
    arbitrary: any([0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3a, 0x3d, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48]),
  },
  { weight: 2, arbitrary: any([0x58, 0x59, 0x5a, 0x4a, 0x5b]) },
  { weight: 3, arbitrary: any([0x20], small, small) },
  { weight: 2, arbitrary: run(0x35, word) },
  { weight: 3, arbitrary: any([0x37, 0x39, 0x5e], small, small, small) },
  { weight: 1, arbitrary: run(0x3e, small, fc.constantFrom(0n, 0n, 1n), fc.constantFrom(0n, 1n, 32n)) },
  { weight: 5, arbitrary: run(0x51, small) },
  { weight: 6, arbitrary: any([0x52, 0x53], small, word) },
  { weight: 4, arbitrary: any([0x54, 0x5c], slot) },
  { weight: 4, arbitrary: any([0x55, 0x5d], slot, word) },
  { weight: 2, arbitrary: any([0x31, 0x3b, 0x3f], account) },
  { weight: 1, arbitrary: run(0x3c, account, small, small, small) },
  { weight: 2, arbitrary: any([0xf1, 0xf2], word, account, fc.constantFrom(0n, 0n, 1n), small, small, small, small) },
  { weight: 2, arbitrary: any([0xf4, 0xfa], word, account, small, small, small, small) },
  { weight: 1, arbitrary: run(0xf0, fc.constantFrom(0n, 1n), small, small) },
  { weight: 1, arbitrary: run(0xf5, fc.constantFrom(0n, 1n), small, small, slot) },
  { weight: 1, arbitrary: run(0xa0, small, small) },
  { weight: 1, arbitrary: run(0xa2, small, small, word, word) },
  { weight: 2, arbitrary: any([0x50, 0x80, 0x81, 0x82, 0x90, 0x91]) },
  { weight: 1, arbitrary: any([0xf3, 0xfd], small, small) },
  { weight: 1, arbitrary: fc.oneof(any([0x00]), run(0xff, account)) },
  // What no instruction, or one without operands, makes of it.
  { weight: 1, arbitrary: fc.array(fc.nat(255), { minLength: 1, maxLength: 3 }) },
)

/** What is on the stack at the end is what the call returns. */
const START: Bytes = new Array(8).fill(0x5f)
const END: Bytes = [...new Array(8).fill([0x59, 0x52]).flat(), 0x59, 0x5f, 0xf3]

/** Snippets one after the other; with `jumps`, over some of them: by JUMP, and by JUMPI on what is on the stack. */
export const program = fc
  .array(fc.tuple(fc.constantFrom('none', 'none', 'none', 'jump', 'jumpi', 'wrong'), snippet), {
    minLength: 1,
    maxLength: 25,
  })
  .map((parts) => {
    const code: number[] = [...START]
    for (const [kind, bytes] of parts) {
      if (kind === 'none') {
        code.push(...bytes)
        continue
      }
      const condition = kind === 'jumpi' ? [0x59] : []
      const after = code.length + condition.length + 4 + bytes.length
      const target = kind === 'wrong' ? after - 1 : after
      code.push(...condition, 0x61, target >> 8, target & 255, kind === 'jumpi' ? 0x57 : 0x56, ...bytes, 0x5b)
    }
    return Uint8Array.from([...code, ...END])
  })
