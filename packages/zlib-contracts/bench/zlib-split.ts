/**
 * The splitter on the game of examples/zworld (`--quick`: on a generated application), beside the monolith and a diamond written by hand:
 * sizes, facets, time with and without the cache, what a second deployment adds, and the gas that a call pays for going through the router.
 * Results are checked against the monolith.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
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
import { largeContract } from '../test/large-contract.ts'

const quick = process.argv.includes('--quick')
const withMonolith = process.argv.includes('--monolith')
const SENDER = createAddressFromString(`0x${'51'.repeat(20)}`)
const FACTORY_CODE =
  '0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3'
const solc = loadSolc()

function print(
  metric: string,
  value: number,
  unit: string,
  peer: string | null = null,
  peerValue: number | null = null,
) {
  const round = (number: number) => Math.round(number * 100) / 100
  const ratio = peerValue === null || peerValue === 0 ? null : round(value / peerValue)
  console.log(JSON.stringify({ bench: 'zlib-split', metric, value: round(value), unit, peer, peerValue, ratio }))
}

/** The game, or an application of a few functions. */
function application() {
  if (quick)
    return {
      prefix: 'generated',
      options: { sources: { 'Large.sol': largeContract(4) }, contract: 'Large', maxBytes: 12_000, modules: [] },
    }
  const folder = new URL('../../../examples/zworld/', import.meta.url)
  const files = readdirSync(new URL('contracts/', folder)).filter((name) => name.endsWith('.sol'))
  const listed = /WORLD_MODULES = \[([^\]]*)\]/.exec(readFileSync(new URL('src/build.ts', folder), 'utf8'))![1]!
  const standard = JSON.parse(readFileSync(new URL('../contracts/modules.json', import.meta.url), 'utf8')) as Record<
    string,
    { functions: string[] }
  >
  return {
    prefix: 'zworld',
    options: {
      sources: Object.fromEntries(
        files.map((name) => [name, readFileSync(new URL(`contracts/${name}`, folder), 'utf8')]),
      ),
      contract: 'World',
      from: createRequire(new URL('package.json', folder)).resolve('@openzeppelin/contracts/package.json'),
      modules: [...listed.matchAll(/'([^']+)'/g)].map(([, name]) => standard[name!]!.functions),
    },
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
  print(`${prefix}-monolith-bytes`, whole, 'B', 'limit of a contract', 24_576)
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
