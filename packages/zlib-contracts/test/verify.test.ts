import { describe, expect, test } from 'vitest'
import { compileContract, compileYul, loadSolc, splitContract, verifyDeployment } from '../src/index.ts'
import { createMachine } from './machine.ts'

const solc = loadSolc()
const ARGS = [5n] as const
const compile = (sum: string) =>
  compileContract({
    sources: {
      'A.sol': `pragma solidity ^0.8.24; contract A { uint256 public immutable a; uint256 public b; constructor(uint256 x) { a = x; b = x; }
        function add(uint256 x) external { b = ${sum}; } }`,
    },
    contract: 'A',
    solc,
  })
const split = splitContract(compile('b + x'), { solc, maxBytes: 200 })

async function deployed() {
  const machine = await createMachine()
  const address = (await machine.deploySplit(split, ARGS)) as `0x${string}`
  return { machine, address, provider: { getCode: machine.codeAt } as never }
}

describe('a deployment', () => {
  test('is verified whatever its constructor arguments were', async () => {
    const { machine, address, provider } = await deployed()
    expect(await verifyDeployment(split, address, provider)).toEqual({ status: 'verified' })
    const other = (await machine.deploySplit(split, [77n])) as `0x${string}`
    expect(await verifyDeployment(split, other, provider)).toEqual({ status: 'verified' })
  })

  test('is told from another application, from the monolith, and from nothing', async () => {
    const { machine, address, provider } = await deployed()
    const changed = splitContract(compile('b + x + 1'), { solc, maxBytes: 200 })
    const router = { status: 'different', reason: 'the router is other code', address }
    expect(await verifyDeployment(changed, address, provider)).toEqual(router)
    const monolith = await machine.deploy(compileYul(compile('b + x').ir, solc).creation, split.abi, ARGS)
    expect(await verifyDeployment(split, monolith as `0x${string}`, provider)).toMatchObject({
      reason: 'the router is other code',
    })
    const nowhere = `0x${'99'.repeat(20)}` as const
    expect(await verifyDeployment(split, nowhere, provider)).toMatchObject({ reason: 'the router is not there' })
  })

  test('is not verified with a facet that is missing or replaced', async () => {
    const { machine, address, provider } = await deployed()
    const [facet] = split.facets
    await machine.setCode(facet!.address, '0x00')
    expect(await verifyDeployment(split, address, provider)).toEqual({
      status: 'different',
      reason: 'facet 0 is other code',
      address: facet!.address,
    })
    await machine.setCode(facet!.address, '0x')
    expect(await verifyDeployment(split, address, provider)).toMatchObject({ reason: 'facet 0 is not there' })
  })
})
