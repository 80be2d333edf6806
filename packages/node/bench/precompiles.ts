/**
 * Time that gas buys from each precompile at the worst inputs we know, called in the EVM as a contract would, and from the interpreter itself: a
 * block is as slow as its dearest gas. The functions of @ethereumjs, which the node does not use, are the peer. All answers are compared.
 */
import { createHash, randomBytes } from 'node:crypto'
import { bytesToHex, concatBytes, hexToBytes } from '@ethereumjs/util'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { bn254 } from '@noble/curves/bn254.js'
import { p256 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { createVerifier } from '@zos/pipeline/verify'
import { printMetric } from '../../../scripts/metric.ts'
import { Evm } from '../src/execution/evm.ts'
import { fastPrecompiles } from '../src/precompiles/fast-precompiles.ts'
import { type Precompiles, smallPrecompiles } from '../src/precompiles/precompiles.ts'
import { EMPTY_ACCOUNT, type Hash } from '../src/state/account.ts'
import { StateOverlay } from '../src/state/overlay.ts'

const quick = process.argv.includes('--quick')
/** Of one measurement; the least of several counts, as whatever else the machine does only adds. */
const SLICE_MS = quick ? 30 : 200
const ROUNDS = quick ? 3 : 7
const GAS_LIMIT = 16_777_216n
const CALLER = `0x${'aa'.repeat(20)}` as const
const CONTEXT = {
  number: 1,
  beneficiary: `0x${'0e'.repeat(20)}`,
  gasLimit: 150_000_000n,
  timestamp: 1_000,
  mixHash: `0x${'07'.repeat(32)}`,
  baseFeePerGas: 10n ** 9n,
} as const

const number = (value: bigint | number, bytes = 32) => hexToBytes(`0x${value.toString(16).padStart(2 * bytes, '0')}`)
const scalar = (order: bigint) => (BigInt(bytesToHex(randomBytes(40))) % (order - 1n)) + 1n
const many = (count: number, make: () => Uint8Array) => concatBytes(...Array.from({ length: count }, make))

const bls1 = () => {
  const { x, y } = bls12_381.G1.Point.BASE.multiply(scalar(bls12_381.fields.Fr.ORDER)).toAffine()
  return concatBytes(number(x, 64), number(y, 64))
}
const bls2 = () => {
  const { x, y } = bls12_381.G2.Point.BASE.multiply(scalar(bls12_381.fields.Fr.ORDER)).toAffine()
  return concatBytes(...[x.c0, x.c1, y.c0, y.c1].map((part) => number(part, 64)))
}
const bn1 = () => {
  const { x, y } = bn254.G1.Point.BASE.multiply(scalar(bn254.fields.Fr.ORDER)).toAffine()
  return concatBytes(number(x), number(y))
}
const bn2 = () => {
  const { x, y } = bn254.G2.Point.BASE.multiply(scalar(bn254.fields.Fr.ORDER)).toAffine()
  return concatBytes(...[x.c1, x.c0, y.c1, y.c0].map((part) => number(part)))
}
const all = () => new Uint8Array(32).fill(0xff)
const modexp = (base: number, exponent: number, modulus: number) =>
  concatBytes(
    ...[base, exponent, modulus].map((length) => number(length)),
    randomBytes(base),
    new Uint8Array(exponent).fill(0xff),
    new Uint8Array(modulus).fill(0xfd),
  )
const hash = randomBytes(32)
const recovered = secp256k1.sign(hash, secp256k1.utils.randomSecretKey(), { prehash: false, format: 'recovered' })
const p256Key = p256.utils.randomSecretKey()
const blake2f = (rounds: number) => concatBytes(number(rounds, 4), randomBytes(208), Uint8Array.of(1))
/** A polynomial that is 5 everywhere, opened at 7. */
const commitment = bls12_381.G1.Point.BASE.multiply(5n).toBytes(true)
const opening = concatBytes(
  Uint8Array.of(1),
  createHash('sha256').update(commitment).digest().subarray(1),
  number(7),
  number(5),
  commitment,
  Uint8Array.of(0xc0),
  new Uint8Array(47),
)

const cases: [name: string, address: number, input: Uint8Array][] = [
  ['ecrecover', 0x01, concatBytes(hash, number(27 + recovered[0]!), recovered.slice(1))],
  ['sha256, empty', 0x02, new Uint8Array()],
  ['sha256, 64 KiB', 0x02, randomBytes(65_536)],
  ['ripemd160, empty', 0x03, new Uint8Array()],
  ['ripemd160, 64 KiB', 0x03, randomBytes(65_536)],
  ['identity, empty', 0x04, new Uint8Array()],
  ['modexp 32/32/32', 0x05, modexp(32, 32, 32)],
  ['modexp 32/1024/32', 0x05, modexp(32, 1_024, 32)],
  ['modexp 33/1/33', 0x05, modexp(33, 1, 33)],
  ['modexp 1024/32/1024', 0x05, modexp(1_024, 32, 1_024)],
  ['bn254 add', 0x06, concatBytes(bn1(), bn1())],
  ['bn254 mul', 0x07, concatBytes(bn1(), all())],
  ['bn254 pairing, 1', 0x08, concatBytes(bn1(), bn2())],
  ['bn254 pairing, 16', 0x08, many(16, () => concatBytes(bn1(), bn2()))],
  ['blake2f, 12 rounds', 0x09, blake2f(12)],
  ['blake2f, 100,000 rounds', 0x09, blake2f(100_000)],
  ['kzg point evaluation', 0x0a, opening],
  ['bls12-381 g1 add', 0x0b, concatBytes(bls1(), bls1())],
  ['bls12-381 g1 msm, 1', 0x0c, concatBytes(bls1(), all())],
  ['bls12-381 g1 msm, 64', 0x0c, many(64, () => concatBytes(bls1(), all()))],
  ['bls12-381 g2 add', 0x0d, concatBytes(bls2(), bls2())],
  ['bls12-381 g2 msm, 1', 0x0e, concatBytes(bls2(), all())],
  ['bls12-381 g2 msm, 64', 0x0e, many(64, () => concatBytes(bls2(), all()))],
  ['bls12-381 pairing, 1', 0x0f, concatBytes(bls1(), bls2())],
  ['bls12-381 pairing, 16', 0x0f, many(16, () => concatBytes(bls1(), bls2()))],
  ['bls12-381 map to g1', 0x10, number(11, 64)],
  ['bls12-381 map to g2', 0x11, concatBytes(number(11, 64), number(12, 64))],
  [
    'p256verify',
    0x100,
    concatBytes(hash, p256.sign(hash, p256Key, { prehash: false }), p256.getPublicKey(p256Key, false).slice(1)),
  ],
]

/**
 * A contract that copies its input to memory and calls `address` with it until the gas is gone: CALLDATACOPY, then STATICCALL in a loop. What the
 * call itself costs is a hundred gas, as for any contract.
 */
function caller(address: number): Uint8Array {
  const [high, low] = [address >> 8, address & 0xff]
  return Uint8Array.of(
    ...[0x36, 0x5f, 0x5f, 0x37], // CALLDATACOPY(0, 0, CALLDATASIZE)
    0x5b, // JUMPDEST at 4
    ...[0x5f, 0x5f, 0x36, 0x5f, 0x61, high, low, 0x5a, 0xfa], // STATICCALL(GAS, address, 0, CALLDATASIZE, 0, 0)
    ...[0x50, 0x60, 4, 0x56], // POP, JUMP(4)
  )
}

/** What costs the interpreter most and gas little. */
const programs: [name: string, code: Uint8Array][] = [
  [
    'interpreter: calls of a large contract',
    // STATICCALL(GAS, 0xdd…, 0, 0, 0, 0), POP, and again.
    Uint8Array.of(0x5b, 0x5f, 0x5f, 0x5f, 0x5f, 0x73, ...new Array(20).fill(0xdd), 0x5a, 0xfa, 0x50, 0x5f, 0x56),
  ],
  ['interpreter: jumps', Uint8Array.of(0x5b, 0x5f, 0x56)],
  [
    'interpreter: additions',
    concatBytes(
      Uint8Array.of(0x5b),
      many(100, () => Uint8Array.of(0x5f, 0x5f, 0x01, 0x50)),
      Uint8Array.of(0x5f, 0x56),
    ),
  ],
  [
    'interpreter: multiplications',
    concatBytes(
      Uint8Array.of(0x5b),
      many(100, () => Uint8Array.of(0x30, 0x30, 0x02, 0x50)),
      Uint8Array.of(0x5f, 0x56),
    ),
  ],
  [
    'interpreter: reading a warm slot',
    concatBytes(
      Uint8Array.of(0x5b),
      many(100, () => Uint8Array.of(0x5f, 0x54, 0x50)),
      Uint8Array.of(0x5f, 0x56),
    ),
  ],
  [
    'interpreter: keccak of nothing',
    concatBytes(
      Uint8Array.of(0x5b),
      many(100, () => Uint8Array.of(0x5f, 0x5f, 0x20, 0x50)),
      Uint8Array.of(0x5f, 0x56),
    ),
  ],
]

const CODE = `0x${'cc'.repeat(20)}` as const
/** As large as a contract may be: it jumps and stops, and what is behind is numbers to push. */
const LARGE = `0x${'dd'.repeat(20)}` as const
const LARGE_CODE = new Uint8Array(24_576).map((_, index) => (index % 2 === 0 ? 0x60 : 0x01))
LARGE_CODE.set([0x60, 0x04, 0x56, 0x00, 0x5b, 0x00])

function stateWith(code: Uint8Array): StateOverlay {
  const codes = new Map<string, Uint8Array>([
    [CODE, code],
    [LARGE, LARGE_CODE],
  ])
  const hashOf = (address: string) => `0x${address.slice(2, 4).repeat(32)}` as Hash
  return new StateOverlay({
    account: (address) => (codes.has(address) ? { ...EMPTY_ACCOUNT, nonce: 1n, codeHash: hashOf(address) } : undefined),
    storage: () => new Uint8Array(),
    code: (hash) => (hash === hashOf(CODE) ? code : LARGE_CODE),
  })
}

const runOf = (evm: Evm, state: StateOverlay, to: `0x${string}`, gasLimit: bigint, data: Uint8Array) =>
  evm.call(state, CONTEXT, { from: CALLER, to, gasLimit, value: 0n, data })

/** Nanoseconds a gas of `code`, which uses all that it gets; the least of {@link ROUNDS} runs of about {@link SLICE_MS}. */
async function nsPerGas(evm: Evm, code: Uint8Array, input: Uint8Array, leastGas: bigint): Promise<number> {
  const state = stateWith(code)
  const once = async (gasLimit: bigint) => {
    const started = performance.now()
    const { gasUsed } = await runOf(evm, state, CODE, gasLimit, input)
    return ((performance.now() - started) * 1e6) / Number(gasUsed)
  }
  await once(leastGas)
  const first = await once(leastGas)
  const wanted = BigInt(Math.round((SLICE_MS * 1e6) / first))
  const gasLimit = wanted < leastGas ? leastGas : wanted > GAS_LIMIT ? GAS_LIMIT : wanted
  const runs: number[] = []
  for (let round = 0; round < ROUNDS; round++) runs.push(await once(gasLimit))
  return Math.min(...runs)
}

const create = (precompiles: Precompiles) => Evm.create(1, () => undefined, [], undefined, undefined, precompiles)
const ours = await create(fastPrecompiles(createVerifier()))
const theirs = await create({ ...smallPrecompiles(), replace: (_, own) => own })

for (const [name, address, input] of cases) {
  const to = `0x${address.toString(16).padStart(40, '0')}` as const
  const answers = [await runOf(ours, stateWith(new Uint8Array()), to, GAS_LIMIT, input)]
  answers.push(await runOf(theirs, stateWith(new Uint8Array()), to, GAS_LIMIT, input))
  const [mine, peer] = answers.map(
    ({ succeeded, gasUsed, returned }) => `${succeeded} ${gasUsed} ${bytesToHex(returned)}`,
  )
  if (mine !== peer || !answers[0]!.succeeded) throw new Error(`${name}: ${mine}, and ${peer}`)
  // Enough for four calls, of which the last may lack some.
  const leastGas = 4n * answers[0]!.gasUsed > GAS_LIMIT ? GAS_LIMIT : 4n * answers[0]!.gasUsed + 100_000n
  const value = await nsPerGas(ours, caller(address), input, leastGas)
  const peerValue = await nsPerGas(theirs, caller(address), input, leastGas)
  printMetric({ bench: 'precompiles', metric: name, value, unit: 'ns a gas', peer: '@ethereumjs/evm', peerValue })
}
for (const [name, code] of programs)
  printMetric({
    bench: 'precompiles',
    metric: name,
    value: await nsPerGas(ours, code, new Uint8Array(), 100_000n),
    unit: 'ns a gas',
  })
