import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM, type EVM } from '@ethereumjs/evm'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { analyseCode, CodeAnalyses, pushFromCode } from '../../src/execution/code-analysis.ts'
import { Evm } from '../../src/execution/evm.ts'
import { type AddressHex, EMPTY_ACCOUNT, type Hash } from '../../src/state/account.ts'
import { StateOverlay } from '../../src/state/overlay.ts'

const CONTEXT = {
  number: 1,
  beneficiary: `0x${'0e'.repeat(20)}`,
  gasLimit: 150_000_000n,
  timestamp: 1_000,
  mixHash: `0x${'07'.repeat(32)}`,
  baseFeePerGas: 10n ** 9n,
} as const
const FROM = `0x${'aa'.repeat(20)}` as const

let reference: EVM
let opcodes: Parameters<typeof analyseCode>[1]
let evm: Evm

beforeAll(async () => {
  const common = createCustomCommon({ chainId: 1 }, Mainnet, { hardfork: Hardfork.Osaka })
  reference = (await createEVM({ common })) as EVM
  opcodes = (reference as any)._opcodeMap
  evm = await Evm.create(1, () => undefined)
})

/** Bytes of code in which jumps, their destinations and numbers are frequent; some numbers end beyond the code. */
const codes = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(0x5b, 0x5f, 0x56, 0x57, 0x01, 0x50, 0x80, 0x51, 0x52) },
      { weight: 4, arbitrary: fc.integer({ min: 0x60, max: 0x7f }) },
      // Not what tells of block, caller or account.
      { weight: 3, arbitrary: fc.nat(255).filter((byte) => byte < 0x30 || (byte >= 0x5f && byte < 0xa0)) },
      { weight: 3, arbitrary: fc.nat(24) },
    ),
    { minLength: 1, maxLength: 200 },
  )
  .map((bytes) => Uint8Array.from(bytes))

test('jump destinations and instructions are what the interpreter itself finds', async () => {
  const { runState } = await reference.runCode({ code: Uint8Array.of(0) })
  fc.assert(
    fc.property(codes, (code) => {
      const { jumps, opcodesCached } = analyseCode(code, opcodes)
      const own = (runState!.interpreter as any)._getValidJumpDestinations(code)
      expect(jumps).toEqual(own.jumps)
      expect(opcodesCached.map((entry) => entry?.opcodeInfo.code)).toEqual(
        own.opcodesCached.map((entry: any) => entry?.opcodeInfo.code),
      )
    }),
    { numRuns: 500 },
  )
})

test('a number is what the code has, with zeros beyond its end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 32 }), (code, bytes) => {
      const state = {
        programCounter: 1,
        opCode: 0x5f + bytes,
        shouldDoJumpAnalysis: false,
        cachedPushes: {} as Record<number, bigint>,
        code,
        stack: { values: [] as bigint[], push: (value: bigint) => state.stack.values.push(value) },
      }
      const padded = [...code, ...new Array(64).fill(0)].slice(1, 1 + bytes)
      const expected = padded.reduce((value, byte) => value * 256n + BigInt(byte), 0n)
      for (let run = 0; run < 2; run++) {
        pushFromCode(state as any, undefined as any)
        expect(state.programCounter).toBe(1 + bytes)
        state.programCounter = 1
      }
      expect(state.stack.values).toEqual([expected, expected])
      expect(state.cachedPushes).toEqual({ 1: expected })
    }),
    { numRuns: 500 },
  )
})

const stateOf = (contracts: Record<AddressHex, Uint8Array>) => {
  const hashOf = (address: string) => `0x${address.slice(2, 4).repeat(32)}` as Hash
  return new StateOverlay({
    account: (address) => (contracts[address] ? { ...EMPTY_ACCOUNT, nonce: 1n, codeHash: hashOf(address) } : undefined),
    storage: () => new Uint8Array(),
    code: (hash) => Object.entries(contracts).find(([address]) => hashOf(address) === hash)![1],
  })
}
const TO = `0x${'cc'.repeat(20)}` as const
const call = (state: StateOverlay, gasLimit: bigint) =>
  evm.call(state, CONTEXT, { from: FROM, to: TO, gasLimit, value: 0n, data: new Uint8Array() })

test('programs push and jump as in the interpreter alone, in a first and in a second run', async () => {
  // A jump over the first bytes, so that all numbers are pushed after the analysis; then what is on the stack is returned.
  const end = Uint8Array.of(0x5b, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3)
  await fc.assert(
    fc.asyncProperty(codes, fc.boolean(), async (body, jumpsFirst) => {
      const start = jumpsFirst ? [0x60, 0x04, 0x56, 0x00, 0x5b] : []
      const code = Uint8Array.from([...start, ...body, ...end])
      const expected = await reference.runCode({ code, gasLimit: 50_000n })
      const state = stateOf({ [TO]: code })
      for (let run = 0; run < 2; run++) {
        const outcome = await call(state, 71_000n)
        // What it says of a wrong jump names the account.
        expect(outcome.exception?.split(' at ')[0]).toBe(expected.exceptionError?.error.split(' at ')[0])
        expect(outcome.returned).toEqual(expected.returnValue)
        expect(outcome.peakGas - 21_000n).toBe(expected.executionGasUsed)
      }
    }),
    { numRuns: 400 },
  )
})

test('an analysis is kept for the code it is of, and not more of them than a megabyte of code has', () => {
  const analyses = new CodeAnalyses(opcodes)
  const first = new Uint8Array(24_576)
  const found = analyses.of(first)
  for (let i = 0; i < 30; i++) analyses.of(new Uint8Array(24_576))
  expect(analyses.of(first)).toBe(found)
  for (let i = 0; i < 60; i++) analyses.of(new Uint8Array(24_576))
  expect(analyses.of(first)).not.toBe(found)
  expect(analyses.size).toBeLessThanOrEqual(2 ** 20 / 24_576)
})

test('calling a large contract again and again costs about what calling a small one does', async () => {
  const big = new Uint8Array(24_576).map((_, index) => (index % 2 === 0 ? 0x60 : 0x01))
  const small = Uint8Array.of(0x60, 0x04, 0x56, 0x00, 0x5b, 0x00) // jumps, and stops
  big.set(small)
  // A loop of STATICCALLs to 0xdd…, of nothing.
  const caller = Uint8Array.of(
    0x5b,
    0x5f,
    0x5f,
    0x5f,
    0x5f,
    0x73,
    ...new Array(20).fill(0xdd),
    0x5a,
    0xfa,
    0x50,
    0x5f,
    0x56,
  )
  const cpuMs = async (called: Uint8Array) => {
    const state = stateOf({ [TO]: caller, [`0x${'dd'.repeat(20)}`]: called })
    const times: number[] = []
    for (let run = 0; run < 5; run++) {
      const before = process.cpuUsage()
      await call(state, 150_000n)
      times.push(process.cpuUsage(before).user / 1_000)
    }
    return Math.min(...times)
  }
  await cpuMs(small)
  // Without what is kept it is thirty times as much.
  expect(await cpuMs(big)).toBeLessThan(6 * (await cpuMs(small)))
})
