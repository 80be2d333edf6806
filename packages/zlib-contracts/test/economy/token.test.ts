import { Signature, Wallet } from 'ethers'
import { beforeEach, describe, expect, test } from 'vitest'
import { compileShipped, YEAR, ZOS } from '../contracts.ts'
import { createMachine } from '../machine.ts'

const START = 1_800_000_000n
const MINTER = `0x${'a1'.repeat(20)}`
const SHARES = [20n, 30n, 30n, 10n, 50n, 20n, 30n, 10n]
const RECEIVERS = SHARES.map((_, index) => `0x${(0x10 + index).toString(16).repeat(20)}`)
const compiled = compileShipped('economy/ZosToken')

let machine: Awaited<ReturnType<typeof createMachine>>
let address: string
let token: ReturnType<typeof machine.at>

beforeEach(async () => {
  machine = await createMachine()
  machine.setTime(START)
  address = await machine.deploy(compiled.creation, compiled.abi, [RECEIVERS, MINTER, START])
  token = machine.at(address, compiled.abi)
})

describe('the ZOS token', () => {
  test('begins with 200 M in eight shares and has a cap of a billion', async () => {
    expect((await token('totalSupply')).value).toBe(200_000_000n * ZOS)
    expect((await token('cap')).value).toBe(1_000_000_000n * ZOS)
    for (const [index, millions] of SHARES.entries())
      expect((await token('balanceOf', [RECEIVERS[index]])).value).toBe(millions * 1_000_000n * ZOS)
  })

  test('is minted by its minter only, and not ahead of the emission', async () => {
    await expect(token('mint', [MINTER, 1n])).rejects.toThrow('NotMinter')
    await expect(token('mint', [MINTER, 1n], MINTER)).rejects.toThrow('AheadOfEmission(1, 0)')
    machine.setTime(START - 1n)
    expect((await token('mintable')).value).toBe(0n)
    machine.setTime(START + YEAR)
    await token('mint', [MINTER, 150_000_000n * ZOS], MINTER)
    expect((await token('mintable')).value).toBe(50_000_000n * ZOS)
    await expect(token('mint', [MINTER, 50_000_000n * ZOS + 1n], MINTER)).rejects.toThrow('AheadOfEmission')
  })

  test('ends at a billion, exactly', async () => {
    machine.setTime(START + 200n * YEAR)
    await token('mint', [MINTER, 800_000_000n * ZOS], MINTER)
    expect((await token('totalSupply')).value).toBe(1_000_000_000n * ZOS)
    expect((await token('mintable')).value).toBe(0n)
    await expect(token('mint', [MINTER, 1n], MINTER)).rejects.toThrow('AheadOfEmission(1, 0)')
  })

  test('is spent with a signed permit, once and before its deadline', async () => {
    const owner = new Wallet(`0x${'42'.repeat(32)}`)
    const spender = `0x${'77'.repeat(20)}`
    await token('transfer', [owner.address, 5n], RECEIVERS[0])
    const message = { owner: owner.address, spender, value: 3n, nonce: 0n, deadline: START + 60n }
    const signed = Signature.from(
      await owner.signTypedData(
        { name: 'ZOS', version: '1', chainId: 1, verifyingContract: address },
        {
          Permit: ['owner:address', 'spender:address', 'value:uint256', 'nonce:uint256', 'deadline:uint256'].map(
            (field) => ({ name: field.split(':')[0]!, type: field.split(':')[1]! }),
          ),
        },
        message,
      ),
    )
    const permit = [owner.address, spender, 3n, START + 60n, signed.v, signed.r, signed.s]
    machine.setTime(START + 61n)
    await expect(token('permit', permit)).rejects.toThrow('ERC2612ExpiredSignature')
    machine.setTime(START + 60n)
    await token('permit', permit)
    await token('transferFrom', [owner.address, spender, 3n], spender)
    expect((await token('balanceOf', [spender])).value).toBe(3n)
    await expect(token('permit', permit)).rejects.toThrow('ERC2612InvalidSigner')
  })
})
