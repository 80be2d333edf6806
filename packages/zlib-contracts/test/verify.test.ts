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
    const word = (value: number) => `0x${value.toString(16).padStart(64, '0')}`
    const told = async (at: `0x${string}`) => {
      const result = await verifyDeployment(split, at, provider)
      return [result.status, ...Object.values('immutables' in result ? result.immutables : {})]
    }
    expect(await told(address)).toEqual(['verified', word(5)])
    expect(await told((await machine.deploySplit(split, [77n])) as `0x${string}`)).toEqual(['verified', word(77)])
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

  test('is not verified when one immutable has two values', async () => {
    const twice = splitContract(compile('b + x + a'), { solc, maxBytes: 200 })
    expect(twice.routerImmutables).toHaveLength(2)
    const machine = await createMachine()
    const address = (await machine.deploySplit(twice, ARGS)) as `0x${string}`
    const provider = { getCode: machine.codeAt } as never
    expect(await verifyDeployment(twice, address, provider)).toMatchObject({ status: 'verified' })
    const code = await machine.codeAt(address)
    const end = 2 + 2 * (twice.routerImmutables[1]!.start + 32)
    await machine.setCode(address, `${code.slice(0, end - 2)}06${code.slice(end)}`)
    expect(await verifyDeployment(twice, address, provider)).toMatchObject({ reason: 'the router is other code' })
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
