import { getCreate2Address, Interface, keccak256 } from 'ethers'
import { beforeEach, describe, expect, test } from 'vitest'
import { CREATE2_FACTORY, compileContract, type Facet, loadSolc, REGISTRY_ABI, splitContract } from '../../src/index.ts'
import { compileShipped } from '../contracts.ts'
import { createMachine } from '../machine.ts'

const ANN = `0x${'11'.repeat(20)}`
const BEN = `0x${'22'.repeat(20)}`
const CID = '0x01551220aa'
const ZERO = `0x${'00'.repeat(32)}`

const solc = loadSolc()
const compiled = compileShipped('registry/ZLibRegistry')
const [facet] = splitContract(
  compileContract({
    sources: {
      'Counter.sol': 'pragma solidity ^0.8.24; contract Counter { uint256 public n; function add() external { n++; } }',
    },
    contract: 'Counter',
    solc,
  }),
  { solc },
).facets as readonly [Facet]
/** Creation code whose runtime is `runtime`. */
const returning = (runtime: string) =>
  `0x61${(runtime.length / 2).toString(16).padStart(4, '0')}80600a3d393df3${runtime}`

let machine: Awaited<ReturnType<typeof createMachine>>
let registry: ReturnType<typeof machine.at>
let registryAddress: string

beforeEach(async () => {
  machine = await createMachine()
  registryAddress = await machine.deploy(compiled.creation, compiled.abi, [])
  registry = machine.at(registryAddress, compiled.abi)
})

const publish = (
  name: string,
  version: string,
  initcode: string = facet.creation,
  dependencies: string[] = [],
  from = ANN,
) => registry('publish', [name, version, initcode, CID, dependencies], from)

describe('the registry', () => {
  test('puts a facet where a deployment would, and resolves it', async () => {
    expect((await publish('counter', '1.0.0')).value).toBe(facet.address)
    const { value: entry } = await registry('resolve', ['counter', '1.0.0'])
    expect([...entry]).toMatchObject([facet.address, false, facet.codeHash, CID, []])
    expect((await registry('ownerOf', ['counter'])).value.toLowerCase()).toBe(ANN)
    expect((await registry('addressOf', [keccak256(facet.creation)])).value).toBe(
      getCreate2Address(CREATE2_FACTORY, ZERO, keccak256(facet.creation)),
    )
    // Code that is there already is used as it is, under as many names as one likes.
    expect((await publish('counter', '1.0.1')).value).toBe(facet.address)
  })

  test('writes a version once, and only for the owner of the name', async () => {
    await publish('counter', '1.0.0')
    await expect(publish('counter', '1.0.0', returning('00'))).rejects.toThrow('AlreadyPublished(counter, 1.0.0)')
    await expect(publish('counter', '1.1.0', facet.creation, [], BEN)).rejects.toThrow('NotOwner')
    await expect(registry('transferName', ['counter', BEN], BEN)).rejects.toThrow('NotOwner')
    await registry('transferName', ['counter', BEN], ANN)
    await publish('counter', '1.1.0', facet.creation, [], BEN)
    await expect(publish('counter', '1.2.0')).rejects.toThrow('NotOwner')
  })

  test('marks versions as withdrawn and keeps them', async () => {
    await publish('counter', '1.0.0')
    await expect(registry('yank', ['counter', '1.0.0', true], BEN)).rejects.toThrow('NotOwner')
    await expect(registry('yank', ['counter', '2.0.0', true], ANN)).rejects.toThrow('NotPublished')
    await registry('yank', ['counter', '1.0.0', true], ANN)
    const { value: entry } = await registry('resolve', ['counter', '1.0.0'])
    expect(entry.yanked).toBe(true)
    expect(entry.code).toBe(facet.address)
    await registry('yank', ['counter', '1.0.0', false], ANN)
    expect((await registry('resolve', ['counter', '1.0.0'])).value.yanked).toBe(false)
  })

  test('knows the dependencies of a version, which are published before it', async () => {
    const { value: key } = await registry('keyOf', ['counter', '1.0.0'])
    await expect(publish('app', '0.1.0', returning('00'), [key])).rejects.toThrow('NotPublished')
    await publish('counter', '1.0.0')
    await publish('app', '0.1.0', returning('00'), [key])
    expect([...(await registry('resolve', ['app', '0.1.0'])).value.dependencies]).toEqual([key])
    expect((await registry('resolveKey', [key])).value.code).toBe(facet.address)
    await expect(publish('app', '0.1.1', returning('00'), Array(33).fill(key))).rejects.toThrow(
      'TooManyDependencies(33)',
    )
  })

  test('takes names and semantic versions, and nothing else', async () => {
    for (const name of ['', 'Counter', 'a@b', 'a b', 'x'.repeat(65)])
      await expect(publish(name, '1.0.0')).rejects.toThrow('BadName')
    const bad = ['', '1', '1.0', '1.0.0.0', '01.0.0', '1.0.00', '1..0', 'v1.0.0', '1.0.0-', '1.0.0-a..b', '1.0.0-01']
    for (const version of [...bad, '1.0.0-a.', '1.0.0+build', '1.0.0-A', '-1.0.0', `1.0.0-${'a'.repeat(60)}`])
      await expect(publish('counter', version), version).rejects.toThrow('BadVersion')
    for (const version of ['0.0.0', '10.20.30', '1.0.0-rc.1', '1.0.0-0', '1.0.0-0a.x-y'])
      await publish('counter', version)
    await expect(registry('publish', ['x', '1.0.0', facet.creation, '0x', []])).rejects.toThrow('BadMetadata')
  })

  test('refuses code that cannot be deployed, and claims nothing then', async () => {
    await expect(publish('broken', '1.0.0', '0xfe')).rejects.toThrow('DeploymentFailed')
    await expect(publish('empty', '1.0.0', '0x00')).rejects.toThrow('DeploymentFailed')
    expect((await registry('ownerOf', ['broken'])).value).toBe(`0x${'00'.repeat(20)}`)
  })

  test('verifies copies of the code, and of a library with its own address in it', async () => {
    await publish('counter', '1.0.0')
    expect((await registry('verify', ['counter', '1.0.0', facet.address])).value).toBe(true)
    const copy = (at: string) => `0x73${at.slice(2)}3014${'5b'.repeat(10)}`
    await machine.setCode(ANN, copy(ANN))
    await machine.setCode(BEN, copy(BEN))
    expect((await registry('identityOf', [ANN])).value).toBe((await registry('identityOf', [BEN])).value)
    // Another address in its place is other code.
    await machine.setCode(BEN, copy(ANN))
    expect((await registry('identityOf', [ANN])).value).not.toBe((await registry('identityOf', [BEN])).value)
    expect((await registry('verify', ['counter', '1.0.0', ANN])).value).toBe(false)
    expect((await registry('verify', ['counter', '1.0.0', `0x${'99'.repeat(20)}`])).value).toBe(false)
  })

  test('has in TypeScript the interface that it has in Solidity', () => {
    const shape = (abi: Interface) =>
      abi.fragments
        .map((fragment) => fragment.format('full').replaceAll(/\s+/g, ' '))
        .filter((line) => !/function (FACTORY|MAX_)/.test(line))
        .toSorted()
    const typescript = shape(new Interface(REGISTRY_ABI))
    expect(shape(new Interface(compiled.abi as never)).filter((line) => !line.startsWith('constructor'))).toEqual(
      typescript,
    )
  })
})
