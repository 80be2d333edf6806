import { Signature, Wallet } from 'ethers'
import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ANN, BEN, CAT, createLibrary, type Made } from './library.ts'

let library: Awaited<ReturnType<typeof createLibrary>>
// Compiles when the cache is empty.
beforeAll(async () => {
  await createLibrary()
}, 600_000)
beforeEach(async () => {
  library = await createLibrary()
  library.setTime(1_000)
})

describe('a fungible token', () => {
  const owner = new Wallet(`0x${'17'.repeat(32)}`)

  test('takes a permit once, before its deadline, from its owner only', async () => {
    const { address, call } = await library.make('PlainToken')
    const domain = { name: 'Plain', version: '1', chainId: 1, verifyingContract: address }
    const types = {
      Permit: ['owner', 'spender']
        .map((name) => ({ name, type: 'address' }))
        .concat(['value', 'nonce', 'deadline'].map((name) => ({ name, type: 'uint256' }))),
    }
    const sign = async (nonce: bigint, deadline: bigint, by = owner) => {
      const value = { owner: owner.address, spender: BEN, value: 30n, nonce, deadline }
      const { v, r, s } = Signature.from(await by.signTypedData(domain, types, value))
      return [owner.address, BEN, 30n, deadline, v, r, s]
    }
    const good = await sign(0n, 2_000n)
    await call('permit', good)
    expect((await call('allowance', [owner.address, BEN])).value).toBe(30n)
    await expect(call('permit', good)).rejects.toThrow('ERC2612InvalidSigner')
    await expect(call('permit', await sign(1n, 2_000n, new Wallet(`0x${'18'.repeat(32)}`)))).rejects.toThrow(
      'ERC2612InvalidSigner',
    )
    const late = await sign(1n, 2_000n)
    library.setTime(2_001)
    await expect(call('permit', late)).rejects.toThrow('ERC2612ExpiredSignature(2000)')
  })
})

describe('a token with votes', () => {
  test('counts the delegated balances of any past second', async () => {
    const people = [ANN, BEN, CAT]
    const step = fc.record({
      kind: fc.constantFrom('mint', 'transfer', 'delegate', 'burn'),
      from: fc.nat(2),
      to: fc.nat(2),
      amount: fc.bigInt(0n, 50n),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const { call } = await library.make('VoteToken')
        const balances = [0n, 0n, 0n]
        const delegates: (number | undefined)[] = [undefined, undefined, undefined]
        const history: { at: bigint; votes: bigint[]; supply: bigint }[] = []
        let now = 10_000n
        for (const { kind, from, to, amount } of steps) {
          library.setTime(++now)
          const spent = amount > balances[from]! ? balances[from]! : amount
          if (kind === 'mint') {
            await call('mint', [people[to], amount])
            balances[to]! += amount
          } else if (kind === 'transfer') {
            await call('transfer', [people[to], spent], people[from])
            balances[from]! -= spent
            balances[to]! += spent
          } else if (kind === 'burn') {
            await call('burn', [spent], people[from])
            balances[from]! -= spent
          } else {
            await call('delegate', [people[to]], people[from])
            delegates[from] = to
          }
          const votes = people.map((_, who) =>
            balances.reduce((sum, balance, holder) => sum + (delegates[holder] === who ? balance : 0n), 0n),
          )
          history.push({ at: now, votes, supply: balances.reduce((a, b) => a + b) })
        }
        library.setTime(now + 10n)
        for (const { at, votes, supply } of history) {
          for (const [who, expected] of votes.entries())
            expect((await call('getPastVotes', [people[who], at])).value).toBe(expected)
          expect((await call('getPastTotalSupply', [at])).value).toBe(supply)
        }
        await expect(call('getPastVotes', [ANN, now + 10n])).rejects.toThrow('ERC5805FutureLookup')
      }),
      { numRuns: 15 },
    )
    const { call } = await library.make('VoteToken')
    expect((await call('CLOCK_MODE')).value).toBe('mode=timestamp')
  })
})

describe('other tokens', () => {
  test('a non-fungible token names its royalty and ends when its holder burns it', async () => {
    const { call } = await library.make('Art', [CAT])
    await call('mint', [ANN, 7n, 'ipfs://seven'])
    expect((await call('tokenURI', [7n])).value).toBe('ipfs://seven')
    expect([...(await call('royaltyInfo', [7n, 1_000n])).values]).toEqual([
      expect.stringMatching(new RegExp(CAT, 'i')),
      200n,
    ])
    await expect(call('burn', [7n], BEN)).rejects.toThrow('ERC721InsufficientApproval')
    await call('burn', [7n], ANN)
    await expect(call('ownerOf', [7n])).rejects.toThrow('ERC721NonexistentToken(7)')
    for (const id of ['0x80ac58cd', '0x2a55205a', '0x01ffc9a7'])
      expect((await call('supportsInterface', [id])).value).toBe(true)
  })

  test('items are of a kind that was defined, within its supply, and bound ones stay', async () => {
    const { call } = await library.make('Items')
    await expect(call('mintItem', [ANN, 1n, 1n])).rejects.toThrow('NoSuchItem(1)')
    await call('defineItem', [1n, false, 10n, `0x${'00'.repeat(32)}`])
    await call('defineItem', [2n, true, 0n, `0x${'00'.repeat(32)}`])
    await expect(call('defineItem', [1n, true, 0n, `0x${'00'.repeat(32)}`])).rejects.toThrow('ItemDefinedAlready(1)')
    await expect(call('defineItem', [3n, true, 0n, `0x${'00'.repeat(32)}`], BEN)).rejects.toThrow(
      'AccessControlUnauthorizedAccount',
    )
    await call('mintItem', [ANN, 1n, 10n])
    await expect(call('mintItem', [ANN, 1n, 1n])).rejects.toThrow('TooManyItems(1, 11, 10)')
    await call('burnItem', [1n, 4n], ANN)
    expect((await call('supplyOf', [1n])).value).toBe(6n)
    await call('mintItem', [BEN, 1n, 4n])
    await call('mintItem', [ANN, 2n, 1n])
    await expect(call('safeTransferFrom', [ANN, BEN, 2n, 1n, '0x'], ANN)).rejects.toThrow('ItemBound(2)')
    await call('burnItem', [2n, 1n], ANN)
    await call('safeBatchTransferFrom', [ANN, BEN, [1n, 1n], [2n, 3n], '0x'], ANN)
    expect((await call('balanceOf', [BEN, 1n])).value).toBe(9n)
  })
})

describe('a vault', () => {
  let asset: Made
  let vault: Made
  const people = [ANN, BEN]
  beforeEach(async () => {
    asset = await library.make('PlainToken')
    vault = await library.make('Savings', [asset.address])
    for (const person of people) {
      await asset.call('mint', [person, 10n ** 30n])
      await asset.call('approve', [vault.address, 10n ** 30n], person)
    }
  })

  test('keeps the books of the formula of ERC-4626, rounded in its own favour, through donations and losses', async () => {
    const up = (a: bigint, b: bigint) => (a + b - 1n) / b
    const step = fc.record({
      kind: fc.constantFrom('deposit', 'mint', 'withdraw', 'redeem', 'donate'),
      who: fc.nat(1),
      amount: fc.bigInt(1n, 10n ** 6n),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const one = await library.make('Savings', [asset.address])
        for (const person of people) await asset.call('approve', [one.address, 10n ** 30n], person)
        let assets = 0n
        let supply = 0n
        const shares = [0n, 0n]
        const perShare = () => ({ assets: assets + 1n, supply: supply + 10n ** 6n })
        for (const { kind, who, amount } of steps) {
          const before = perShare()
          const person = people[who]!
          if (kind === 'deposit') {
            const minted = (amount * before.supply) / before.assets
            expect((await one.call('deposit', [amount, person], person)).value).toBe(minted)
            assets += amount
            supply += minted
            shares[who]! += minted
          } else if (kind === 'mint') {
            const wanted = amount * 10n ** 6n
            const cost = up(wanted * before.assets, before.supply)
            expect((await one.call('mint', [wanted, person], person)).value).toBe(cost)
            assets += cost
            supply += wanted
            shares[who]! += wanted
          } else if (kind === 'redeem') {
            const given = shares[who]! / 2n
            const paid = (given * before.assets) / before.supply
            expect((await one.call('redeem', [given, person, person], person)).value).toBe(paid)
            assets -= paid
            supply -= given
            shares[who]! -= given
          } else if (kind === 'withdraw') {
            const most = (shares[who]! * before.assets) / before.supply
            const burned = up((most / 3n) * before.supply, before.assets)
            expect((await one.call('withdraw', [most / 3n, person, person], person)).value).toBe(burned)
            assets -= most / 3n
            supply -= burned
            shares[who]! -= burned
          } else {
            await asset.call('transfer', [one.address, amount], person)
            assets += amount
          }
          const after = perShare()
          // The price of a share never falls by rounding.
          expect(after.assets * before.supply).toBeGreaterThanOrEqual(before.assets * after.supply)
          expect((await one.call('totalAssets')).value).toBe(assets)
          expect((await one.call('totalSupply')).value).toBe(supply)
        }
      }),
      { numRuns: 15 },
    )
  })

  test('makes whoever inflates the price of an empty vault lose far more than the victim can', async () => {
    await vault.call('deposit', [1n, ANN], ANN)
    const donated = 10n ** 24n
    await asset.call('transfer', [vault.address, donated], ANN)
    const victim = 10n ** 18n
    await vault.call('deposit', [victim, BEN], BEN)
    const shares = (await vault.call('balanceOf', [BEN])).value
    const back = (await vault.call('previewRedeem', [shares])).value
    const attackerBack = (await vault.call('previewRedeem', [(await vault.call('balanceOf', [ANN])).value])).value
    const attackerLoss = donated + 1n - attackerBack
    expect(attackerLoss).toBeGreaterThan(400n * (victim - back))
  })
})
