/**
 * The splitter on a generated application above the size limit (OpenZeppelin's token with votes, permits and roles, and functions of its
 * own): sizes, facets, time, and the gas that a call pays for going through the router. Results are checked against the monolith.
 */
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM } from '@ethereumjs/evm'
import { Account, bytesToHex, createAddressFromString, hexToBytes } from '@ethereumjs/util'
import { cachedSolc, compileContract, compileYul, loadSolc, splitContract } from '@zos/zlib-contracts'
import { Interface, type InterfaceAbi } from 'ethers'
import { largeContract } from '../test/large-contract.ts'

const quick = process.argv.includes('--quick')
const FUNCTIONS = quick ? 8 : 60
const MAX_BYTES = quick ? 6_000 : 24_576
const SENDER = createAddressFromString(`0x${'51'.repeat(20)}`)

const print = (metric: string, value: number, unit: string) =>
  console.log(
    JSON.stringify({
      bench: 'zlib-split',
      metric,
      value: Math.round(value * 100) / 100,
      unit,
      peer: null,
      peerValue: null,
      ratio: null,
    }),
  )

const answers = new Map<string, string>()
/** A compiler that has what `answers` holds, as a new process finds it. */
const freshSolc = () =>
  cachedSolc({ store: { read: (key) => answers.get(key), write: (key, answer) => void answers.set(key, answer) } })
function build(from: ReturnType<typeof freshSolc>) {
  const sources = { 'Large.sol': largeContract(FUNCTIONS) }
  const contract = compileContract({ sources, contract: 'Large', solc: from })
  return { compiled: contract, split: splitContract(contract, { solc: from, maxBytes: MAX_BYTES }) }
}

let started = performance.now()
const { compiled, split } = build(freshSolc())
print('generated-compile-cold-s', (performance.now() - started) / 1000, 's')
started = performance.now()
const warm = build(freshSolc())
print('generated-compile-warm-s', (performance.now() - started) / 1000, 's')
if (JSON.stringify(warm.split) !== JSON.stringify(split)) throw new Error('the cache answers differently')
const solc = loadSolc()
const monolith = compileYul(compiled.ir, solc)
print('generated-monolith-bytes', monolith.runtime.length / 2 - 1, 'B')
print(
  'generated-bytes',
  split.facets.reduce((sum, { size }) => sum + size, 0),
  'B',
)
print('generated-facets', split.facets.length, 'facets')
print('generated-max-contract-bytes', Math.max(split.routerSize, ...split.facets.map(({ size }) => size)), 'B')

const evm = await createEVM({
  common: createCustomCommon({ chainId: 1 }, Mainnet, { hardfork: Hardfork.Osaka }),
  allowUnlimitedContractSize: true,
  allowUnlimitedInitCodeSize: true,
})
await evm.stateManager.putAccount(SENDER, new Account(0n, 10n ** 24n))
const abi = new Interface(compiled.abi as InterfaceAbi)

async function call(to: string | undefined, data: string) {
  evm.journal.cleanJournal() // each call as a transaction of its own: everything cold
  const result = await evm.runCall({
    caller: SENDER,
    gasLimit: 500_000_000n,
    data: hexToBytes(data as `0x${string}`),
    ...(to ? { to: createAddressFromString(to) } : {}),
  })
  if (result.execResult.exceptionError) throw new Error(result.execResult.exceptionError.error)
  return {
    created: result.createdAddress?.toString(),
    gas: result.execResult.executionGasUsed,
    returned: bytesToHex(result.execResult.returnValue),
  }
}

for (const { address, creation } of split.facets) {
  const { created } = await call(undefined, creation)
  await evm.stateManager.putCode(
    createAddressFromString(address),
    await evm.stateManager.getCode(createAddressFromString(created!)),
  )
}
const encodedArgs = abi.encodeDeploy([7n]).slice(2)
const whole = (await call(undefined, monolith.creation + encodedArgs)).created!
const cut = (await call(undefined, split.router + encodedArgs)).created!
const overheads: number[] = []
for (const [name, args] of [
  ['balanceOf', [SENDER.toString()]],
  ['transfer', [`0x${'77'.repeat(20)}`, 5n]],
  ['quest1', [500n, '0x0102', 'note']],
  ['best1', [SENDER.toString()]],
] as const) {
  const data = abi.encodeFunctionData(name, [...args])
  const [expected, actual] = [await call(whole, data), await call(cut, data)]
  if (expected.returned !== actual.returned) throw new Error(`${name} answers differently`)
  overheads.push(Number(actual.gas - expected.gas))
}
print('call-overhead-gas', Math.max(...overheads), 'gas')
// The same application once more: every facet is there.
const again = splitContract(compiled, { solc, maxBytes: MAX_BYTES })
const known = new Set(split.facets.map(({ address }) => address))
print(
  'second-deploy-new-module-bytes',
  again.facets.reduce((sum, { address, size }) => sum + (known.has(address) ? 0 : size), 0),
  'B',
)
