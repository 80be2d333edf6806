/**
 * The splitter on the game of examples/zworld (`--quick`: on a generated application), beside the monolith and a diamond written by hand:
 * sizes, facets, time with and without the cache, what a second deployment adds, and the gas that a call pays for going through the router.
 * Results are checked against the monolith.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM } from '@ethereumjs/evm'
import { Account, bytesToHex, createAddressFromString, hexToBytes } from '@ethereumjs/util'
import {
  buildContract,
  CREATE2_FACTORY,
  compileContract,
  compileYul,
  estimateDeployment,
  linkContract,
  loadSolc,
  splitContract,
} from '@zos/zlib-contracts'
import { Interface, type InterfaceAbi } from 'ethers'
import { printMetric } from '../../../scripts/metric.ts'
import { largeContract } from '../test/large-contract.ts'

const quick = process.argv.includes('--quick')
const withMonolith = process.argv.includes('--monolith')
const SENDER = createAddressFromString(`0x${'51'.repeat(20)}`)
const FACTORY_CODE =
  '0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3'
const solc = loadSolc()

function print(metric: string, value: number, unit: string, peer?: string, peerValue?: number) {
  // What a call costs more may be less than nothing; then there is no ratio.
  const comparable = value > 0 && peerValue !== undefined && peerValue > 0
  printMetric({ bench: 'zlib-split', metric, value, unit, ...(comparable && { peer, peerValue }) })
}

/** The game, or an application of a few functions. */
function application() {
  if (quick)
    return {
      prefix: 'generated',
      options: { sources: { 'Large.sol': largeContract(4) }, contract: 'Large', maxBytes: 12_000, modules: [] },
    }
  return { prefix: 'zworld', options: example('zworld', 'World', 'src/build.ts') }
}

/** An application of examples/, with the modules that it lists. */
function example(name: string, contract: string, listedIn: string) {
  const folder = new URL(`../../../examples/${name}/`, import.meta.url)
  const files = readdirSync(new URL('contracts/', folder)).filter((file) => file.endsWith('.sol'))
  const listed = /MODULES = \[([^\]]*)\]/.exec(readFileSync(new URL(listedIn, folder), 'utf8'))![1]!
  const standard = JSON.parse(readFileSync(new URL('../contracts/modules.json', import.meta.url), 'utf8')) as Record<
    string,
    { functions: string[] }
  >
  return {
    sources: Object.fromEntries(
      files.map((file) => [file, readFileSync(new URL(`contracts/${file}`, folder), 'utf8')]),
    ),
    contract,
    from: fileURLToPath(new URL('contracts/', folder)),
    modules: [...listed.matchAll(/'([^']+)'/g)].map(([, one]) => standard[one!]!.functions),
  }
}

const answers = new Map<string, string>()
const store = {
  read: (key: string) => answers.get(key),
  write: (key: string, answer: string) => void answers.set(key, answer),
}
const { prefix, options } = application()
async function timed<T>(metric: string, run: () => Promise<T>): Promise<T> {
  const [started, cpu] = [performance.now(), process.cpuUsage()]
  const result = await run()
  const used = process.cpuUsage(cpu)
  print(metric, (performance.now() - started) / 1000, 's')
  print(`${metric.slice(0, -2)}-cpu-s`, (used.user + used.system) / 1e6, 's')
  return result
}
const { compiled, split } = await timed('compile-cold-s', () => buildContract({ ...options, store }))
const warm = await timed('compile-warm-s', () => buildContract({ ...options, store }))
if (JSON.stringify(warm.split) !== JSON.stringify(split)) throw new Error('the cache answers differently')

const bytes = split.facets.reduce((sum, { size }) => sum + size, 0)
print(`${prefix}-functions`, Object.keys(compiled.selectors).length, 'functions')
print(`${prefix}-bytes`, bytes + split.routerSize, 'B')
print(`${prefix}-facets`, split.facets.length, 'facets')
print(`${prefix}-max-contract-bytes`, Math.max(split.routerSize, ...split.facets.map(({ size }) => size)), 'B')
print(
  `${prefix}-max-deploy-gas`,
  Math.max(...estimateDeployment(split).map(({ gas }) => gas)),
  'gas',
  'limit of a transaction',
  16_777_216,
)
if (quick || withMonolith) {
  const whole = compileYul(linkContract(compiled, {}, solc).ir, solc).runtime.length / 2 - 1
  print(`${prefix}-monolith-bytes`, whole, 'B')
}

const evm = await createEVM({
  common: createCustomCommon({ chainId: 1 }, Mainnet, { hardfork: Hardfork.Osaka }),
  allowUnlimitedContractSize: true,
  allowUnlimitedInitCodeSize: true,
})
await evm.stateManager.putAccount(SENDER, new Account(0n, 10n ** 24n))
await evm.stateManager.putCode(createAddressFromString(CREATE2_FACTORY.toLowerCase()), hexToBytes(FACTORY_CODE))

async function call(to: string | undefined, data: string) {
  const result = await evm.runCall({
    caller: SENDER,
    gasLimit: 500_000_000n,
    data: hexToBytes(data as `0x${string}`),
    ...(to ? { to: createAddressFromString(to) } : {}),
  })
  if (result.execResult.exceptionError) throw new Error(result.execResult.exceptionError.error)
  return {
    created: result.createdAddress?.toString() ?? '',
    gas: Number(result.execResult.executionGasUsed),
    returned: bytesToHex(result.execResult.returnValue),
  }
}

/** Puts on the chain what it lacks of an application. Returns the bytes that were new. */
async function deployShared({ libraries, facets }: typeof split): Promise<number> {
  let added = 0
  for (const { address, creation, size } of [...libraries, ...facets]) {
    const at = createAddressFromString(address.toLowerCase())
    if ((await evm.stateManager.getCode(at)).length > 0) continue
    await call(CREATE2_FACTORY.toLowerCase(), `0x${'00'.repeat(32)}${creation.slice(2)}`)
    added += size
  }
  return added
}
print(`${prefix}-first-deploy-bytes`, await deployShared(split), 'B')
print('second-deploy-new-module-bytes', await deployShared(warm.split), 'B')
if (!quick) await secondApplication()

/** Gas of a transaction: what it runs, and what it sends (EIP-2028, EIP-3860, EIP-7623). */
async function transact(to: string | undefined, data: string) {
  const bytes = hexToBytes(data as `0x${string}`)
  const zeros = bytes.filter((byte) => byte === 0).length
  const others = bytes.length - zeros
  const { gas, created } = await call(to, data)
  const creating = to === undefined ? 32_000 + 2 * Math.ceil(bytes.length / 32) : 0
  return { created, gas: 21_000 + Math.max(zeros * 4 + others * 16 + creating + gas, zeros * 10 + others * 40) }
}

/** The DAO, deployed after the game: what it pays, beside paying for all of it, as one contract or as a diamond by hand that shares nothing. */
async function secondApplication() {
  const dao = await buildContract({ ...example('zdao', 'Dao', 'src/deploy.ts'), store })
  const beginning = [[`0x${'51'.repeat(20)}`], [10n ** 21n], 9n * 10n ** 21n, SENDER.toString(), SENDER.toString(), 1n]
  const abi = new Interface(dao.split.abi as InterfaceAbi)
  const args = abi.encodeDeploy(['ZDao', 'ZDAO', beginning, [60, 86_400, 10n ** 20n, 4], 3_600n]).slice(2)
  let [facets, missing] = [0, 0]
  for (const { creation, address } of dao.split.facets) {
    const there = (await evm.stateManager.getCode(createAddressFromString(address.toLowerCase()))).length > 0
    const data = `0x${'00'.repeat(32)}${creation.slice(2)}`
    // The same factory on a chain of its own salt: what the facet costs where it is not there yet.
    const { gas } = await transact(CREATE2_FACTORY.toLowerCase(), there ? data.replace(/^0x00/, '0x01') : data)
    facets += gas
    if (!there) missing += gas
  }
  const router = (await transact(undefined, dao.split.router + args)).gas
  const whole = compileYul(linkContract(dao.compiled, {}, solc).ir, solc)
  const monolith = (await transact(undefined, whole.creation + args)).gas
  const selectors = dao.split.facets.flatMap(({ selectors: all, address }) => all.map((one) => [one, address] as const))
  const source2535 = { 'Diamond.sol': readFileSync(new URL('Diamond.sol', import.meta.url), 'utf8') }
  const hand = compileContract({ sources: source2535, contract: 'Diamond', solc })
  const table = [selectors.map(([one]) => one), selectors.map(([, address]) => address)]
  const args2535 = new Interface(hand.abi as InterfaceAbi).encodeDeploy(table).slice(2)
  const diamond = facets + (await transact(undefined, compileYul(hand.ir, solc).creation + args2535)).gas
  print('zdao-monolith-bytes', whole.runtime.length / 2 - 1, 'B')
  print(
    'zdao-facet-bytes',
    dao.split.facets.reduce((sum, { size }) => sum + size, 0),
    'B',
  )
  print('zdao-router-bytes', dao.split.routerSize, 'B')
  print('zdao-first-deploy-gas', facets + router, 'gas', 'as one contract, without the limit', monolith)
  print('zdao-second-deploy-gas', missing + router, 'gas', 'as one contract, without the limit', monolith)
  print('zdao-second-deploy-gas', missing + router, 'gas', 'diamond by hand', diamond)
}

// What a call costs, on an application of sixty functions without immutables, which a diamond can share facets with.
const names = Array.from({ length: 60 }, (_, i) => `f${i}`)
const source = `pragma solidity ^0.8.24; contract Probe { ${names.map((name, i) => `uint256 public n${i}; function ${name}(uint256 v) external returns (uint256) { n${i} += v; return n${i} * ${i + 1}; }`).join('\n')} }`
const probe = compileContract({ sources: { 'Probe.sol': source }, contract: 'Probe', solc })
const cut = splitContract(probe, { solc, maxBytes: 4_000 })
await deployShared(cut)
const diamond = compileContract({
  sources: { 'Diamond.sol': readFileSync(new URL('Diamond.sol', import.meta.url), 'utf8') },
  contract: 'Diamond',
  solc,
})
const table = cut.facets.flatMap(({ address, selectors }) => selectors.map((selector) => [selector, address] as const))
const table2535 = [table.map(([selector]) => selector), table.map(([, address]) => address)]
const creation2535 = compileYul(diamond.ir, solc).creation
const args2535 = new Interface(diamond.abi as InterfaceAbi).encodeDeploy(table2535).slice(2)
const contracts = {
  monolith: (await call(undefined, compileYul(probe.ir, solc).creation)).created,
  split: (await call(undefined, cut.router)).created,
  diamond: (await call(undefined, creation2535 + args2535)).created,
}

// What going through a contract costs by itself: beside one contract that finds its functions as facets do, by binary search.
const direct = splitContract(probe, { solc, maxBytes: 1_000_000 })
await deployShared(direct)
const targets = { ...contracts, direct: direct.facets[0]!.address.toLowerCase() }
const abi = new Interface(probe.abi as InterfaceAbi)
const every = Object.keys(probe.selectors).map((one) =>
  abi.encodeFunctionData(
    one,
    abi.getFunction(one)!.inputs.map(() => 1n),
  ),
)

/** Gas of each function: cold, as a transaction of its own; warm, with all addresses and slots touched before. */
async function gasOf(to: string, kind: 'cold' | 'warm') {
  const done: { gas: number; returned: string }[] = []
  for (const data of every) {
    // The slot is not zero any more: its first write costs more, in whichever contract comes first.
    await call(to, data)
    evm.journal.cleanJournal()
    const first = await call(to, data)
    done.push(kind === 'cold' ? first : { ...(await call(to, data)), returned: first.returned })
  }
  return done
}
for (const kind of ['cold', 'warm'] as const) {
  const name = kind === 'cold' ? 'call-overhead' : 'call-overhead-warm'
  const used = {
    split: await gasOf(targets.split, kind),
    monolith: await gasOf(targets.monolith, kind),
    diamond: await gasOf(targets.diamond, kind),
    direct: await gasOf(targets.direct, kind),
  }
  for (const [at, { returned }] of used.split.entries())
    if (returned !== used.monolith[at]!.returned) throw new Error(`a function answers differently: ${every[at]}`)
  /** Differences, ascending. */
  const above = (one: keyof typeof targets, other: keyof typeof targets) =>
    used[one].map(({ gas }, at) => gas - used[other][at]!.gas).sort((a, b) => a - b)
  for (const other of ['monolith', 'direct'] as const) {
    const [ours, theirs] = [above('split', other), above('diamond', other)]
    const suffix = other === 'monolith' ? '' : '-same-search'
    const row = (which: string, at: number) =>
      print(`${name}${suffix}${which}-gas`, ours.at(at)!, 'gas', 'diamond by hand', theirs.at(at)!)
    row('', -1)
    row('-median', every.length / 2)
    row('-least', 0)
  }
}
