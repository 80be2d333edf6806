import { bytesToBigInt, hexToBytes } from '@ethereumjs/util'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { Evm, type EvmOutcome, type UnsignedCall } from '../../src/execution/evm.ts'
import { readShort, readWord, writeWord } from '../../src/execution/interpreter/words.ts'
import { type AddressHex, EMPTY_ACCOUNT, type Hash } from '../../src/state/account.ts'
import { StateOverlay, type StateReader } from '../../src/state/overlay.ts'
import { BENEFICIARY, CALLER, CONTRACTS, DELEGATED, program } from './programs.ts'
import { createReferenceEvm } from './reference-evm.ts'

const CHAIN_ID = 7
/** Programs that are compared. A million take about an hour. */
const RUNS = process.env.ZOS_LONG ? 1_000_000 : 1_000
const TIMEOUT_MS = process.env.ZOS_LONG ? 3 * 3_600_000 : 60_000
const CONTEXT = {
  number: 5,
  beneficiary: BENEFICIARY,
  gasLimit: 150_000_000n,
  timestamp: 1_000,
  mixHash: `0x${'07'.repeat(32)}`,
  baseFeePerGas: 0n,
} as const

let reference: Awaited<ReturnType<typeof createReferenceEvm>>
let evm: Evm

beforeAll(async () => {
  reference = await createReferenceEvm(CHAIN_ID)
  evm = await Evm.create(CHAIN_ID, () => undefined)
})

/** Contracts with these codes, some coins and some slots each; the delegated account has that of the first. */
function world(codes: readonly Uint8Array[]): StateReader {
  const hashOf = (address: string) => `0x${address.slice(2, 4).repeat(32)}` as Hash
  const delegation = hexToBytes(`0xef0100${CONTRACTS[0]!.slice(2)}`)
  const byAddress = new Map<string, Uint8Array>([
    ...CONTRACTS.map((address, index): [string, Uint8Array] => [address, codes[index] ?? new Uint8Array()]),
    [DELEGATED, delegation],
  ])
  const byHash = new Map([...byAddress].map(([address, code]): [Hash, Uint8Array] => [hashOf(address), code]))
  return {
    account: (address) =>
      byAddress.get(address)?.length
        ? { ...EMPTY_ACCOUNT, nonce: 1n, balance: 100n, codeHash: hashOf(address) }
        : address === CALLER
          ? { ...EMPTY_ACCOUNT, balance: 1_000n }
          : undefined,
    storage: (_, slot) => (BigInt(slot) % 2n === 1n ? Uint8Array.of(9) : new Uint8Array()),
    code: (hash) => byHash.get(hash)!,
  }
}

/** What is compared; of a wrong jump the library says where. */
const told = ({ exception, ...outcome }: EvmOutcome) => ({ ...outcome, exception: exception?.split(' at ')[0] })

const changed = (overlay: StateOverlay) => {
  const { accounts, storage, code } = overlay.changes()
  return { accounts, storage: new Map([...storage].filter(([, slots]) => slots.size > 0)), code }
}

const calls = fc.record({
  codes: fc.tuple(program, program, program),
  to: fc.constantFrom<AddressHex | undefined>(...CONTRACTS, CONTRACTS[0], DELEGATED, CALLER, undefined),
  value: fc.constantFrom(0n, 0n, 3n, 5_000n),
  gasLimit: fc.constantFrom(80_000n, 100_000n, 1_000_000n, 16_000_000n),
  data: fc.uint8Array({ maxLength: 70 }),
  accessList: fc.constantFrom<UnsignedCall['accessList']>(
    undefined,
    [{ address: CONTRACTS[0]!, storageKeys: [`0x${'00'.repeat(31)}01`, `0x${'00'.repeat(32)}`] }],
    [
      { address: CONTRACTS[1]!, storageKeys: [] },
      { address: `0x${'00'.repeat(19)}04`, storageKeys: [`0x${'00'.repeat(32)}`] },
      { address: CONTRACTS[0]!, storageKeys: [`0x${'00'.repeat(31)}02`] },
      { address: CONTRACTS[0]!, storageKeys: [`0x${'00'.repeat(31)}03`] },
    ],
  ),
})

describe('a call', () => {
  const compare = async ({
    codes,
    to,
    accessList,
    ...rest
  }: typeof calls extends fc.Arbitrary<infer T> ? T : never) => {
    const base = world(codes)
    const call: UnsignedCall = {
      from: CALLER,
      // A creation runs the program as the code that makes the contract.
      ...rest,
      data: to ? rest.data : codes[0],
      to,
      ...(accessList ? { accessList } : {}),
    }
    const [mine, theirs] = [new StateOverlay(base), new StateOverlay(base)]
    const expected = await reference.call(theirs, CONTEXT, call)
    expect(told(await evm.call(mine, CONTEXT, call))).toEqual(told(expected))
    expect(changed(mine)).toEqual(changed(theirs))
    for (let run = 0; run < 2; run++) expect(told(await evm.evaluate(base, CONTEXT, call))).toEqual(told(expected))
    return expected
  }

  test(
    'comes to what @ethereumjs/evm makes of it, in state, gas, logs and output',
    async () => {
      let succeeded = 0
      let ran = 0
      await fc.assert(
        fc.asyncProperty(calls, async (call) => {
          const outcome = await compare(call)
          ran++
          if (outcome.succeeded) succeeded++
        }),
        { numRuns: RUNS },
      )
      // Programs that all fail in their first instructions would show nothing.
      expect(succeeded / ran).toBeGreaterThan(0.25)
    },
    TIMEOUT_MS,
  )

  test('comes to the same while somebody looks on step by step', async () => {
    await fc.assert(
      fc.asyncProperty(program, async (code) => {
        const base = world([code])
        const call = { from: CALLER, to: CONTRACTS[0], gasLimit: 200_000n, value: 0n, data: new Uint8Array() }
        const watched = new StateOverlay(base)
        let steps = 0
        const outcome = await evm.watch({ step: () => steps++ }, () => evm.call(watched, CONTEXT, call))
        expect(steps).toBeGreaterThan(0)
        const alone = new StateOverlay(base)
        expect(outcome).toEqual(await evm.call(alone, CONTEXT, call))
        expect(changed(watched)).toEqual(changed(alone))
      }),
      { numRuns: 200 },
    )
  })

  const plain = {
    to: CONTRACTS[0],
    value: 0n,
    gasLimit: 1_000_000n,
    data: new Uint8Array(),
    accessList: undefined,
  } as const

  test('that reverts with more than it can pay for is out of gas, also while somebody looks on', async () => {
    // REVERT of 2^40 bytes.
    const code = Uint8Array.of(0x65, 0x01, 0, 0, 0, 0, 0, 0x5f, 0xfd)
    const call = { from: CALLER, to: CONTRACTS[0], gasLimit: 200_000n, value: 0n, data: new Uint8Array() }
    const run = () => evm.call(new StateOverlay(world([code])), CONTEXT, call)
    expect(await run()).toMatchObject({ exception: 'out of gas', gasUsed: 200_000n })
    expect(await evm.watch({ step: () => {} }, run)).toEqual(await run())
  })

  test('gets back what it clears, a fifth of all at most', async () => {
    const clear = (slot: number) => [0x5f, 0x60, slot, 0x55]
    const one = Uint8Array.from(clear(1))
    const three = Uint8Array.from([...clear(1), ...clear(3), ...clear(5)])
    expect(await compare({ ...plain, codes: [one, one, one] })).toMatchObject({ gasUsed: 21_205n, peakGas: 26_005n })
    expect(await compare({ ...plain, codes: [three, three, three] })).toMatchObject({
      gasUsed: 36_015n - 7_203n,
      peakGas: 36_015n,
    })
  })

  test('finds a slot cold again that only a reverted call has read', async () => {
    const call = [0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x73, ...Buffer.from(CONTRACTS[1]!.slice(2), 'hex'), 0x5a, 0xf1]
    const twice = Uint8Array.from([...call, ...call])
    const readAndRevert = Uint8Array.of(0x60, 0x01, 0x54, 0x5f, 0x5f, 0xfd)
    const readAndStop = Uint8Array.of(0x60, 0x01, 0x54)
    const reverted = await compare({ ...plain, codes: [twice, readAndRevert, twice] })
    const kept = await compare({ ...plain, codes: [twice, readAndStop, twice] })
    // The two PUSH0 before REVERT, twice.
    expect(reverted.gasUsed - kept.gasUsed).toBe(2_000n + 8n)
  })

  test.each<[string, Partial<UnsignedCall>]>([
    ['too little gas', { gasLimit: 20_999n }],
    ['too little gas for calldata (EIP-7623)', { gasLimit: 24_000n, data: new Uint8Array(100).fill(1) }],
    ['code of a new contract beyond EIP-3860', { to: undefined, gasLimit: 16_000_000n, data: new Uint8Array(49_153) }],
  ])('is refused in the same words: %s', async (_, fields) => {
    const call = { from: CALLER, to: CONTRACTS[0], gasLimit: 100_000n, value: 0n, data: new Uint8Array(), ...fields }
    const base = world([])
    const words = async (run: Promise<unknown>) => {
      const error = await run.then(
        () => undefined,
        (reason: Error) => reason,
      )
      return error?.message.replace(/ \(vm hf.*$/s, '')
    }
    const expected = await words(reference.call(new StateOverlay(base), CONTEXT, call))
    expect(expected).toBeTruthy()
    expect(await words(evm.evaluate(base, CONTEXT, call))).toBe(expected)
  })

  test('may come from a contract, and see the base fee of 0 that it pays', async () => {
    // BASEFEE, CALLER: both returned.
    const code = Uint8Array.of(0x48, 0x5f, 0x52, 0x33, 0x60, 0x20, 0x52, 0x60, 0x40, 0x5f, 0xf3)
    const call = { from: CONTRACTS[1]!, to: CONTRACTS[0], gasLimit: 100_000n, value: 0n, data: new Uint8Array() }
    const { returned } = await evm.evaluate(world([code, code]), { ...CONTEXT, baseFeePerGas: 50n }, call)
    expect(bytesToBigInt(returned.subarray(0, 32))).toBe(0n)
    expect(bytesToBigInt(returned.subarray(32))).toBe(BigInt(CONTRACTS[1]!))
  })

  test('sees its own block, whatever ran before it', async () => {
    const code = Uint8Array.of(0x43, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3) // NUMBER
    const call = { from: CALLER, to: CONTRACTS[0], gasLimit: 100_000n, value: 0n, data: new Uint8Array() }
    const base = world([code])
    const blocks = [5, 6, 5].map((number) => ({ ...CONTEXT, number }))
    for (const block of [...blocks, ...blocks])
      expect(bytesToBigInt((await evm.evaluate(base, block, call)).returned)).toBe(BigInt(block.number))
  })
})

describe('a word', () => {
  test('is read and written as it stands in memory', () => {
    const values = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), fc.bigInt({ min: 0n, max: 2n ** 64n }))
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 100 }), fc.nat(120), values, (data, offset, value) => {
        const padded = Uint8Array.from({ length: 32 }, (_, index) => data[offset + index] ?? 0)
        expect(readWord(data, offset)).toBe(bytesToBigInt(padded))
        const at = offset % (data.length - 31)
        const written = data.slice()
        writeWord(written, at, value)
        expect(readWord(written, at)).toBe(value)
        expect(written.subarray(0, at)).toEqual(data.subarray(0, at))
        expect(written.subarray(at + 32)).toEqual(data.subarray(at + 32))
      }),
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 32 }), (bytes) => readShort(bytes) === bytesToBigInt(bytes)))
  })
})
