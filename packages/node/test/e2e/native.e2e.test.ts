/** The native contracts as users meet them: through ethers, and through a contract in Solidity. */
import { type Devnet, startDevnet } from '@zos/node/devnet'
import { CONSENSUS_ABI, CONSENSUS_ADDRESS } from '@zos/zpos'
import { Contract, ContractFactory, JsonRpcProvider, parseEther, Wallet } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compile } from '../native/compile.ts'
import { rpc } from './wait.ts'

let devnet: Devnet
let provider: JsonRpcProvider
let wallet: Wallet

beforeAll(async () => {
  devnet = await startDevnet({ validators: 2, port: 0, roundIntervalMs: 40 })
  provider = new JsonRpcProvider(devnet.rpcUrl, undefined, { cacheTimeout: -1, pollingInterval: 50 })
  wallet = new Wallet(Buffer.from(devnet.accounts[0]!.privateKey).toString('hex'), provider)
})

afterAll(async () => {
  provider?.destroy()
  await devnet?.stop()
})

test('a delegation through ethers is in the contract, its event in the logs and its record in a proof', async () => {
  const consensus = new Contract(CONSENSUS_ADDRESS, CONSENSUS_ABI, wallet)
  const validator = devnet.validators[0]!.address
  const delegated = await (await consensus.getFunction('delegate')(validator, { value: parseEther('5') })).wait()
  expect(delegated.status).toBe(1)
  expect(await consensus.getFunction('delegation')(validator, wallet.address)).toBe(parseEther('5'))
  const events = await consensus.queryFilter('Delegated', delegated.blockNumber, delegated.blockNumber)
  expect(events).toHaveLength(1)
  await expect(consensus.getFunction('delegate').staticCall(wallet.address, { value: 1n })).rejects.toMatchObject({
    revert: { name: 'Refused' },
  })
  const proof = await rpc(devnet.rpcUrl, 'eth_getProof', CONSENSUS_ADDRESS, [], 'latest')
  expect(BigInt(proof.storageHash)).not.toBe(0n)
  expect(BigInt(proof.balance)).toBeGreaterThan(parseEther('5'))
})

test('a contract delegates, fails without a trace, and reads the ledger', async () => {
  const validator = devnet.validators[0]!.address
  const { abi, bytecode } = compile('Staker.sol', 'Staker')
  const deployed = await new ContractFactory(abi, bytecode, wallet).deploy(validator, {
    value: parseEther('1'),
  })
  await deployed.waitForDeployment()
  const staker = deployed as Contract
  const stake = () => staker.getFunction('viewStatic')(validator)
  expect(await stake()).toBe(parseEther('1'))
  await (await staker.getFunction('tryDelegateThenRevert')(validator, { value: parseEther('2') })).wait()
  expect(await stake()).toBe(parseEther('1'))
  await (await staker.getFunction('delegate')(validator, { value: parseEther('2') })).wait()
  expect(await stake()).toBe(parseEther('3'))

  const block = await provider.getBlockNumber()
  const [index, unit, blockNumber] = await staker.getFunction('place')({ blockTag: block })
  const { leader, units } = await rpc(devnet.rpcUrl, 'zos_getBlockUnits', `0x${block.toString(16)}`)
  expect(unit).toBe(leader)
  expect(blockNumber).toBe(BigInt(block))
  expect(index).toBe(BigInt(units.find(({ id }: { id: string }) => id === leader).mci))
})

test('contracts find the hash of an ancestor (EIP-2935) and the leader of the parent block (EIP-4788)', async () => {
  const head = await provider.getBlock('latest')
  const parent = head!.number - 1
  const history = await provider.call({
    to: '0x0000F90827F1C53a10cb7A02335B175320002935',
    data: `0x${parent.toString(16).padStart(64, '0')}`,
    blockTag: head!.number,
  })
  expect(history).toBe(head!.parentHash)
  const raw = await rpc(devnet.rpcUrl, 'eth_getBlockByNumber', `0x${head!.number.toString(16)}`, false)
  const roots = await provider.call({
    to: '0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02',
    data: `0x${head!.timestamp.toString(16).padStart(64, '0')}`,
    blockTag: head!.number,
  })
  expect(roots).toBe(raw.parentBeaconBlockRoot)
  const { leader } = await rpc(devnet.rpcUrl, 'zos_getBlockUnits', `0x${parent.toString(16)}`)
  expect(roots).toBe(leader)
})
