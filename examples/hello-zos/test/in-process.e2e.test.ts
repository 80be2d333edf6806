import { createDevnet, type InProcessDevnet } from '@zos/node/devnet'
import { BrowserProvider, Contract, ContractFactory, type ContractTransactionResponse } from 'ethers'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { compile } from '../src/compile.ts'

// How a project tests its contracts: a network inside the test, and a snapshot that each test goes back to.
let devnet: InProcessDevnet
let provider: BrowserProvider
let greeter: Contract
let snapshot: string

beforeAll(async () => {
  devnet = await createDevnet()
  provider = new BrowserProvider(devnet, undefined, { cacheTimeout: -1 })
  provider.pollingInterval = 10
  const { abi, bytecode } = compile('Greeter')
  const deployed = await new ContractFactory(abi as never, bytecode, await provider.getSigner()).deploy('hello')
  await deployed.waitForDeployment()
  greeter = new Contract(await deployed.getAddress(), abi as never, await provider.getSigner())
  snapshot = await provider.send('evm_snapshot', [])
}, 60_000)

beforeEach(async () => {
  await provider.send('evm_revert', [snapshot])
  snapshot = await provider.send('evm_snapshot', [])
})

afterAll(async () => {
  provider?.destroy()
  await devnet?.stop()
})

test('a greeting can be changed', async () => {
  const sent: ContractTransactionResponse = await greeter.getFunction('greet')('good morning')
  expect((await sent.wait())!.status).toBe(1)
  expect(await greeter.getFunction('greeting')()).toBe('good morning')
})

test('each test begins with the first greeting', async () => {
  expect(await greeter.getFunction('greeting')()).toBe('hello')
})
