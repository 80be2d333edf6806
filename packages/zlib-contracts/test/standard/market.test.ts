import { Interface } from 'ethers'
import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ANN, BEN, CAT, createLibrary, DAN, type Made } from './library.ts'

let library: Awaited<ReturnType<typeof createLibrary>>
let gold: Made
beforeAll(async () => {
  await createLibrary()
}, 600_000)
beforeEach(async () => {
  library = await createLibrary()
  library.setTime(1_000)
  gold = await library.make('PlainToken')
})
const balance = async (who: string) => (await gold.call('balanceOf', [who])).value as bigint
async function fund(spender: string, ...people: string[]) {
  for (const who of people) {
    await gold.call('mint', [who, 1_000_000n])
    await gold.call('approve', [spender, 10n ** 30n], who)
  }
}

describe('a marketplace', () => {
  test('pays seller, creator and market, at most a tenth each, and hands the item over', async () => {
    const market = await library.make('Market')
    const art = await library.make('Art', [CAT])
    await fund(market.address, BEN)
    await art.call('mint', [ANN, 1n, ''])
    await art.call('setApprovalForAll', [market.address, true], ANN)
    await market.call('setMarketFee', [DAN, 250n])
    await market.call('list', [art.address, 1n, 1n, gold.address, 1_000n], ANN)
    await expect(market.call('buy', [1n, 1n, 999n], BEN)).rejects.toThrow('PriceChanged(1, 1000)')
    await market.call('buy', [1n, 1n, 1_000n], BEN)
    expect((await art.call('ownerOf', [1n])).value.toLowerCase()).toBe(BEN)
    // The collection asks for a fifth and gets a tenth.
    expect([await balance(ANN), await balance(CAT), await balance(DAN)]).toEqual([875n, 100n, 25n])
    await expect(market.call('buy', [1n, 1n, 1_000n], BEN)).rejects.toThrow('ListingGone(1)')
  })

  test('sells items piece by piece, and only what the seller still has and offers', async () => {
    const market = await library.make('Market')
    const items = await library.make('Items')
    await fund(market.address, BEN)
    await items.call('defineItem', [5n, false, 0n, `0x${'00'.repeat(32)}`])
    await items.call('mintItem', [ANN, 5n, 10n])
    await market.call('list', [items.address, 5n, 8n, gold.address, 10n], ANN)
    await expect(market.call('buy', [1n, 1n, 10n], BEN)).rejects.toThrow()
    await items.call('setApprovalForAll', [market.address, true], ANN)
    await market.call('buy', [1n, 3n, 10n], BEN)
    await expect(market.call('buy', [1n, 6n, 10n], BEN)).rejects.toThrow('ListingGone(1)')
    await expect(market.call('changeListing', [1n, 0n, 0n], BEN)).rejects.toThrow('NotSeller')
    await market.call('changeListing', [1n, 5n, 20n], ANN)
    await expect(market.call('buy', [1n, 1n, 10n], BEN)).rejects.toThrow('PriceChanged(1, 20)')
    await market.call('changeListing', [1n, 0n, 0n], ANN)
    await expect(market.call('buy', [1n, 1n, 100n], BEN)).rejects.toThrow('ListingGone')
    expect((await items.call('balanceOf', [BEN, 5n])).value).toBe(3n)
    expect(await balance(ANN)).toBe(30n)
  })

  test('refuses offers of nothing, for nothing, of what is no token, and fees beyond its own limit', async () => {
    const market = await library.make('Market')
    const art = await library.make('Art', [CAT])
    const list = (collection: string, amount: bigint, currency: string, price: bigint) =>
      market.call('list', [collection, 1n, amount, currency, price], ANN)
    await expect(list(art.address, 2n, gold.address, 1n)).rejects.toThrow('BadListing')
    await expect(list(art.address, 1n, gold.address, 0n)).rejects.toThrow('BadListing')
    await expect(list(art.address, 1n, BEN, 1n)).rejects.toThrow('BadListing')
    await expect(list(gold.address, 1n, gold.address, 1n)).rejects.toThrow('BadListing')
    await expect(market.call('setMarketFee', [DAN, 1_001n])).rejects.toThrow('CutTooLarge(1001)')
    await expect(market.call('setMarketFee', [DAN, 1n], ANN)).rejects.toThrow('AccessControlUnauthorizedAccount')
  })

  test('cannot be entered again by the currency in the middle of a sale', async () => {
    const market = await library.make('Market')
    const items = await library.make('Items')
    const hostile = await library.make('HostileToken')
    await hostile.call('mint', [BEN, 1_000n])
    await hostile.call('approve', [market.address, 1_000n], BEN)
    await items.call('defineItem', [5n, false, 0n, `0x${'00'.repeat(32)}`])
    await items.call('mintItem', [ANN, 5n, 10n])
    await items.call('setApprovalForAll', [market.address, true], ANN)
    await market.call('list', [items.address, 5n, 8n, hostile.address, 10n], ANN)
    const data = new Interface(library.abiOf('Market') as never).encodeFunctionData('buy', [1n, 1n, 10n])
    await hostile.call('arm', [market.address, data])
    await market.call('buy', [1n, 1n, 10n], BEN)
    expect((await hostile.call('blocked')).value).toBe(true)
    expect((await items.call('balanceOf', [BEN, 5n])).value).toBe(1n)
  })
})

describe('an auction', () => {
  test('ends with the highest bidder, prolonged by late bids, and owes everybody else exactly what they paid', async () => {
    const step = fc.record({
      who: fc.nat(2),
      more: fc.bigInt(-20n, 200n),
      wait: fc.constantFrom(0n, 10n, 100n, 250n),
      withdraw: fc.boolean(),
    })
    const bidders = [BEN, CAT, DAN]
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        let now = 5_000n
        library.setTime(now)
        gold = await library.make('PlainToken')
        const auctions = await library.make('Auctions')
        const items = await library.make('Items')
        await fund(auctions.address, ...bidders)
        await items.call('defineItem', [5n, false, 0n, `0x${'00'.repeat(32)}`])
        await items.call('mintItem', [ANN, 5n, 3n])
        await items.call('setApprovalForAll', [auctions.address, true], ANN)
        await auctions.call('openAuction', [items.address, true, 5n, 3n, gold.address, 100n, 600n], ANN)
        let end = now + 600n
        let highest = 0n
        let leader: number | undefined
        const owed = [0n, 0n, 0n]
        for (const { who, more, wait, withdraw } of steps) {
          now += wait
          library.setTime(now)
          if (withdraw) {
            expect((await auctions.call('withdrawOwed', [gold.address], bidders[who])).value).toBe(owed[who])
            owed[who] = 0n
          }
          const least = leader === undefined ? 100n : highest + (highest + 19n) / 20n
          const amount = least + more
          const act = auctions.call('bid', [1n, amount], bidders[who])
          if (now >= end) await expect(act).rejects.toThrow('AuctionOver(1)')
          else if (more < 0n) await expect(act).rejects.toThrow(`BidTooLow(1, ${least})`)
          else {
            await act
            if (leader !== undefined) owed[leader]! += highest
            leader = who
            highest = amount
            if (end - now < 300n) end = now + 300n
          }
        }
        if (now < end) {
          await expect(auctions.call('settleAuction', [1n])).rejects.toThrow('AuctionRunning')
          await expect(auctions.call('collectAuction', [1n, ANN], ANN)).rejects.toThrow('AuctionRunning')
        }
        library.setTime(end)
        await auctions.call('settleAuction', [1n])
        await expect(auctions.call('settleAuction', [1n])).rejects.toThrow('AuctionOver')
        const winner = leader === undefined ? ANN : bidders[leader]!
        const other = winner === ANN ? BEN : ANN
        await expect(auctions.call('collectAuction', [1n, other], other)).rejects.toThrow('NotWinner')
        await auctions.call('collectAuction', [1n, winner], winner)
        await expect(auctions.call('collectAuction', [1n, winner], winner)).rejects.toThrow('AuctionOver')
        expect((await items.call('balanceOf', [winner, 5n])).value).toBe(3n)
        expect((await auctions.call('withdrawOwed', [gold.address], ANN)).value).toBe(highest)
        for (const [who, bidder] of bidders.entries())
          expect((await auctions.call('withdrawOwed', [gold.address], bidder)).value).toBe(owed[who])
        expect(await balance(auctions.address)).toBe(0n)
      }),
      { numRuns: 15 },
    )
  })

  test('takes a single token too, and no auction that is too short or for nothing', async () => {
    const auctions = await library.make('Auctions')
    const art = await library.make('Art', [CAT])
    await art.call('mint', [ANN, 1n, ''])
    await art.call('approve', [auctions.address, 1n], ANN)
    const open = (amount: bigint, reserve: bigint, length: bigint) =>
      auctions.call('openAuction', [art.address, false, 1n, amount, gold.address, reserve, length], ANN)
    await expect(open(1n, 1n, 299n)).rejects.toThrow('BadAuction')
    await expect(open(1n, 0n, 300n)).rejects.toThrow('BadAuction')
    await expect(open(2n, 1n, 300n)).rejects.toThrow('BadAuction')
    await open(1n, 1n, 300n)
    library.setTime(1_300)
    await auctions.call('settleAuction', [1n], DAN)
    await auctions.call('collectAuction', [1n, BEN], ANN)
    expect((await art.call('ownerOf', [1n])).value.toLowerCase()).toBe(BEN)
  })
})
