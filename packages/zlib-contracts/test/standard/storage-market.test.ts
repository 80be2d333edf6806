import { Interface } from 'ethers'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ANN, BEN, CAT, createLibrary } from './library.ts'
import { BEACON, createStorageWorld, makeShard, offer, open, type StorageWorld, sums, TERMS } from './storage-world.ts'

let world: StorageWorld
let shard: Awaited<ReturnType<typeof makeShard>>
const call: StorageWorld['market']['call'] = (...args) => world.market.call(...args)
const LENGTH = 3_000
const { pay, collateral } = sums(BigInt(LENGTH), 600n)
const RICH = 10n ** 18n
beforeAll(async () => {
  await createLibrary()
}, 600_000)
beforeEach(async () => {
  world = await createStorageWorld()
  shard = await makeShard(LENGTH, 1)
  // BEN provides, ANN stores, CAT is anybody.
  for (const who of [ANN, BEN, CAT]) await world.library.setBalance(who, RICH)
})
const coins = (who: string) => world.library.balanceOf(who)
const held = () => coins(world.market.address)

/** A deal that runs; the clock stands at the beginning of its first window. */
async function running(changes: Parameters<typeof open>[3] = {}) {
  await offer(world, BEN)
  const id = await open(world, ANN, shard, changes)
  await call('acceptStorageDeal', [id], BEN, collateral)
  world.setNow(Number((await world.deal(id)).startsAt))
  return id
}
const toWindow = async (id: bigint, window: number) => {
  const { startsAt, period } = await world.deal(id)
  world.setNow(Number(startsAt! + BigInt(window) * period!))
}

describe('an offer', () => {
  test('is published, moved and closed by its provider', async () => {
    const id = await offer(world, BEN)
    const made = (await call('storageOffer', [id])).value as unknown as any
    expect([made.provider.toLowerCase(), made.used, made.closed]).toEqual([BEN, 0n, false])
    expect(made.terms.toArray()).toEqual(Object.values(TERMS))
    await expect(call('moveStoragePeer', [id, '/dns/x'], CAT)).rejects.toThrow('NotStorageParty')
    await call('moveStoragePeer', [id, '/dns/x'], BEN)
    expect(((await call('storageOffer', [id])).value as any).peer).toBe('/dns/x')
    await expect(call('closeStorageOffer', [id], CAT)).rejects.toThrow('NotStorageParty')
    await call('closeStorageOffer', [id], BEN)
    await expect(open(world, ANN, shard)).rejects.toThrow('StorageOfferGone(1)')
    await expect(open(world, ANN, shard, { offer: 2n })).rejects.toThrow('StorageOfferGone(2)')
    expect((await call('storageOfferCount')).value).toBe(1n)
  })

  test('has terms that can be kept', async () => {
    for (const bad of [
      { capacity: 0n },
      { maxMissed: 0n },
      { minPeriod: 0n },
      { minDuration: TERMS.maxDuration + 1n },
      { minPeriod: TERMS.maxDuration + 1n },
      { token: CAT },
    ])
      await expect(offer(world, BEN, bad)).rejects.toThrow('BadStorageOffer')
    for (const peer of ['', 'x'.repeat(257)])
      await expect(call('offerStorage', [Object.values(TERMS), peer], BEN)).rejects.toThrow('BadStorageOffer')
  })
})

describe('a deal', () => {
  test('is asked for within the terms of its offer, and paid exactly', async () => {
    await offer(world, BEN)
    for (const bad of [
      { length: 0n },
      { leaves: 0n },
      { leaves: 17n },
      { hashCode: 0x13n },
      { windows: 0n },
      { windows: 1n },
      { windows: 1_667n },
      { period: 601n },
      { period: 0n },
      { acceptBy: BigInt(world.now()) },
      { acceptBy: BigInt(world.now()) + 604_801n },
    ])
      await expect(open(world, ANN, shard, bad), String(Object.entries(bad))).rejects.toThrow('BadStorageAsk')
    await expect(open(world, ANN, shard, { length: TERMS.capacity + 1n })).rejects.toThrow('StorageOfferFull')
    await expect(open(world, ANN, shard, {}, pay * 4n - 1n)).rejects.toThrow(
      `StoragePaidWrong(${pay * 4n}, ${pay * 4n - 1n})`,
    )
    const id = await open(world, ANN, shard)
    expect(await held()).toBe(pay * 4n)
    expect(await world.deal(id)).toMatchObject({ payPerWindow: pay, collateral, windows: 4n, bought: 4n })
    expect((await call('storageDealCount')).value).toBe(1n)
  })

  test('is accepted by its provider with collateral, in time, within its capacity', async () => {
    await offer(world, BEN, { capacity: BigInt(LENGTH) })
    const id = await open(world, ANN, shard)
    const other = await open(world, ANN, shard)
    await expect(call('acceptStorageDeal', [id], CAT, collateral)).rejects.toThrow('NotStorageParty')
    await expect(call('acceptStorageDeal', [id], BEN, collateral - 1n)).rejects.toThrow('StoragePaidWrong')
    await expect(call('acceptStorageDeal', [9n], BEN)).rejects.toThrow('StorageDealNotOpen(9)')
    const late = world.now() + 1_001
    world.setNow(late)
    await expect(call('acceptStorageDeal', [id], BEN, collateral)).rejects.toThrow(`StorageDealTooLate(1, ${late - 1})`)
    world.setNow(late - 1)
    await call('acceptStorageDeal', [id], BEN, collateral)
    const { startsAt } = await world.deal(id)
    expect(startsAt! % 600n).toBe(0n)
    expect(startsAt! > late - 1 && startsAt! <= late - 1 + BEACON).toBe(true)
    await expect(call('acceptStorageDeal', [id], BEN, collateral)).rejects.toThrow('StorageDealNotOpen')
    await expect(call('acceptStorageDeal', [other], BEN, collateral)).rejects.toThrow('StorageOfferFull(1, 0)')
    await expect(open(world, ANN, shard)).rejects.toThrow('StorageOfferFull(1, 0)')
  })

  test('that begins at a time of the beacon waits for the next one: its own block may know that number', async () => {
    await offer(world, BEN)
    const id = await open(world, ANN, shard)
    expect(world.now() % BEACON).toBe(0)
    await call('acceptStorageDeal', [id], BEN, collateral)
    expect((await world.deal(id)).startsAt).toBe(BigInt(world.now() + BEACON))
  })

  test('that nobody accepts goes back to its client: at any time by the client, later by anyone', async () => {
    await offer(world, BEN)
    const first = await open(world, ANN, shard)
    const second = await open(world, ANN, shard)
    await expect(call('refundStorageDeal', [first], CAT)).rejects.toThrow('StorageDealTooEarly')
    await call('refundStorageDeal', [first], ANN)
    await expect(call('refundStorageDeal', [first], ANN)).rejects.toThrow('StorageDealNotOpen(1)')
    await expect(call('acceptStorageDeal', [first], BEN, collateral)).rejects.toThrow('StorageDealNotOpen(1)')
    world.setNow(world.now() + 1_001)
    await call('refundStorageDeal', [second], CAT)
    expect(await coins(ANN)).toBe(RICH)
    expect(await held()).toBe(0n)
    await expect(call('collectStorage', [second])).rejects.toThrow('StorageDealNotRunning(2)')
    expect((await world.standing(second)).over).toBe(true)
  })

  test('whose windows are all proved pays the provider and gives its collateral back', async () => {
    const id = await running()
    for (let window = 0; window < 4; window++) {
      await toWindow(id, window)
      await world.prove(id, shard.bytes, 2, window === 1 ? CAT : BEN)
      expect((await call('collectStorage', [id], CAT)).value).toBe(pay)
      expect((await call('collectStorage', [id])).value).toBe(0n)
      expect((await call('reclaimStorage', [id])).value).toBe(0n)
    }
    expect((await world.standing(id)).over).toBe(false)
    await toWindow(id, 4)
    expect(await world.standing(id)).toEqual({ next: 4n, missed: 0n, over: true, toProvider: collateral, toClient: 0n })
    await call('collectStorage', [id], CAT)
    expect(await coins(BEN)).toBe(RICH + 4n * pay)
    expect(await coins(ANN)).toBe(RICH - 4n * pay)
    expect(await held()).toBe(0n)
    expect(((await call('storageOffer', [1n])).value as any).used).toBe(0n)
  })

  test('with missed windows pays the client for each, and ends with the last that may be missed', async () => {
    const id = await running({ windows: 8n })
    await world.prove(id, shard.bytes)
    // Windows 1 and 2 are missed, 3 is proved, 4 is missed: the third.
    await toWindow(id, 3)
    expect(await world.standing(id)).toEqual({
      next: 3n,
      missed: 2n,
      over: false,
      toProvider: pay,
      toClient: 2n * pay + (collateral * 2n) / 3n,
    })
    await world.prove(id, shard.bytes)
    await toWindow(id, 5)
    const end = { next: 5n, missed: 3n, over: true, toProvider: 2n * pay, toClient: 6n * pay + collateral }
    expect(await world.standing(id)).toEqual(end)
    await expect(world.market.call('proveStorage', [id, [], []])).rejects.toThrow('StorageDealNotRunning')
    await expect(call('renewStorage', [id, 1n], ANN, pay)).rejects.toThrow('StorageDealNotRunning')
    await expect(call('noticeStorage', [id], BEN)).rejects.toThrow('StorageDealNotRunning')
    await toWindow(id, 7)
    expect(await world.standing(id)).toEqual(end)
    await call('reclaimStorage', [id], CAT)
    await call('collectStorage', [id], CAT)
    expect(await held()).toBe(0n)
    expect(await coins(ANN)).toBe(RICH - 2n * pay + collateral)
  })

  test('takes a proof of the running window only, once, of what was picked', async () => {
    await offer(world, BEN)
    const id = await open(world, ANN, shard)
    await expect(call('proveStorage', [id, [], []])).rejects.toThrow('StorageDealNotRunning(1)')
    await call('acceptStorageDeal', [id], BEN, collateral)
    await expect(call('proveStorage', [id, [], []])).rejects.toThrow('StorageDealNotRunning(1)')
    expect((await world.challenge(id)).time).toBe(0)
    await toWindow(id, 0)
    const { time } = await world.challenge(id)
    await expect(call('proveStorage', [id, [], []])).rejects.toThrow(`StorageBeaconMissing(${time})`)
    const answer = await world.answer(id, shard.bytes, 2)
    const sent = [id, answer.map(({ leaf }) => leaf), answer.map(({ path }) => path)]
    const wrong = [sent[0], sent[1], answer.map(({ path }) => path.toReversed().slice(1))]
    await expect(call('proveStorage', wrong)).rejects.toThrow('StorageProofWrong(1)')
    await expect(call('proveStorage', [id, [], []])).rejects.toThrow('StorageProofWrong(1)')
    await toWindow(id, 1)
    await world.record((await world.challenge(id)).time)
    // The answer of the window before: other leaves are asked for now, or the same by chance of one in nine.
    const fresh = await world.answer(id, shard.bytes, 2)
    const same = fresh.every(({ leaf }, i) => String(leaf) === String(answer[i]!.leaf))
    if (!same) await expect(call('proveStorage', sent)).rejects.toThrow('StorageProofWrong(1)')
    await world.prove(id, shard.bytes)
    expect((await world.challenge(id)).proved).toBe(true)
    await expect(world.prove(id, shard.bytes)).rejects.toThrow('StorageWindowProved(1, 1)')
    expect((await world.standing(id)).missed).toBe(1n)
  })

  test('asks other leaves of each deal, window and time', async () => {
    const first = await running()
    const second = await open(world, ANN, shard)
    world.setNow(world.now() - 1)
    await call('acceptStorageDeal', [second], BEN, collateral)
    const nonces = new Set<string>()
    for (let window = 0; window < 3; window++) {
      await toWindow(first, window)
      await world.record((await world.challenge(first)).time)
      for (const id of [first, second]) nonces.add((await world.challenge(id)).nonce)
    }
    expect(nonces.size).toBe(6)
  })
})

describe('a deal changes', () => {
  test('by more windows, while the offer is open and within its longest time', async () => {
    const id = await running()
    await expect(call('renewStorage', [id, 2n], CAT, 2n * pay)).rejects.toThrow('NotStorageParty')
    await expect(call('renewStorage', [id, 0n], ANN)).rejects.toThrow('BadStorageAsk')
    await expect(call('renewStorage', [id, 1_664n], ANN, 1_664n * pay)).rejects.toThrow('BadStorageAsk')
    await expect(call('renewStorage', [id, 2n], ANN, pay)).rejects.toThrow('StoragePaidWrong')
    await call('renewStorage', [id, 2n], ANN, 2n * pay)
    expect(await world.deal(id)).toMatchObject({ windows: 6n, bought: 6n })
    await toWindow(id, 2)
    for (let window = 2; window < 6; window++) {
      await toWindow(id, window)
      await world.prove(id, shard.bytes)
    }
    // The last window is proved, and not over.
    await call('renewStorage', [id, 1n], ANN, pay)
    await toWindow(id, 6)
    await world.prove(id, shard.bytes)
    await toWindow(id, 7)
    expect(await world.standing(id)).toMatchObject({
      over: true,
      missed: 2n,
      toProvider: 5n * pay + collateral - (collateral * 2n) / 3n,
    })
    await expect(call('renewStorage', [id, 1n], ANN, pay)).rejects.toThrow('StorageDealNotRunning')
  })

  test("by notice: as many windows as may be missed follow, and the rest is the client's at once", async () => {
    const id = await running({ windows: 10n })
    await toWindow(id, 1)
    await expect(call('noticeStorage', [id], CAT)).rejects.toThrow('NotStorageParty')
    await call('noticeStorage', [id], BEN)
    expect(await world.deal(id)).toMatchObject({ windows: 5n, bought: 10n, missed: 1n })
    expect((await world.standing(id)).toClient).toBe(6n * pay + collateral / 3n)
    await expect(call('noticeStorage', [id], ANN)).rejects.toThrow('StorageDealNoticed(1)')
    await expect(call('renewStorage', [id, 1n], ANN, pay)).rejects.toThrow('StorageDealNoticed(1)')
    await call('reclaimStorage', [id])
    // Who lost the shard and gives notice loses everything all the same.
    await toWindow(id, 3)
    expect(await world.standing(id)).toMatchObject({ over: true, missed: 3n, toProvider: 0n })
    await call('reclaimStorage', [id])
    expect(await coins(ANN)).toBe(RICH + collateral)
    expect(await held()).toBe(0n)
  })

  test("by a client's notice not before the shortest time of the offer, and never to more windows", async () => {
    await offer(world, BEN, { minDuration: 5_000n })
    const id = await open(world, ANN, shard, { windows: 20n })
    await call('acceptStorageDeal', [id], BEN, collateral)
    await call('noticeStorage', [id], ANN)
    expect((await world.deal(id)).windows).toBe(9n)
    const short = await open(world, ANN, shard, { windows: 9n })
    await call('acceptStorageDeal', [short], BEN, collateral)
    await call('noticeStorage', [short], ANN)
    expect((await world.deal(short)).windows).toBe(9n)
  })

  test('not when the offer was closed: what runs goes on', async () => {
    const id = await running()
    await call('closeStorageOffer', [1n], BEN)
    await expect(call('renewStorage', [id, 2n], ANN, 2n * pay)).rejects.toThrow('StorageOfferGone(1)')
    await world.prove(id, shard.bytes)
    expect((await call('collectStorage', [id])).value).toBe(pay)
  })
})

describe('the random number of a time', () => {
  test('is that of the first block at or after it, whoever shows it', async () => {
    const time = world.now()
    const { parent, child, number } = world.firstBlockAt(time, { parentTime: time - 700, blockTime: time + 3 })
    const other = world.firstBlockAt(time, { parentTime: time + 1, blockTime: time + 2 })
    expect((await call('beaconAt', [time])).value).toBe(`0x${'00'.repeat(32)}`)
    await expect(call('recordBeacon', [time, other.child, other.parent])).rejects.toThrow('BeaconNotAtTime')
    await expect(call('recordBeacon', [time + 600, child, parent])).rejects.toThrow('BeaconNotAtTime')
    await expect(call('recordBeacon', [time - 1_200, child, parent])).rejects.toThrow('BeaconNotAtTime')
    await expect(call('recordBeacon', [time + 1, child, parent])).rejects.toThrow('BeaconNotAtTime')
    await expect(call('recordBeacon', [time, child, other.parent])).rejects.toThrow(`BeaconUnknownBlock(${number})`)
    await expect(call('recordBeacon', [time, `${child.slice(0, -2)}00`, parent])).rejects.toThrow('BeaconUnknownBlock')
    const { value } = await call('recordBeacon', [time, child, parent], CAT)
    expect((await call('beaconAt', [time])).value).toBe(value)
    // A second record changes nothing, whatever it shows.
    expect((await call('recordBeacon', [time, '0x', '0x'])).value).toBe(value)
    // The chain stood still: the block is the first of the time before as well, with another number.
    const before = (await call('recordBeacon', [time - 600, child, parent])).value
    expect(before).not.toBe(value)
  })

  test('is lost when nobody records it while the chain knows the block', async () => {
    const time = world.now()
    const { parent, child, number } = world.firstBlockAt(time)
    world.setBlock(number + 257)
    await expect(call('recordBeacon', [time, child, parent])).rejects.toThrow('BeaconUnknownBlock')
    world.setBlock(number + 256)
    await call('recordBeacon', [time, child, parent])
  })
})

describe('money', () => {
  test('in a token is taken by approval, and coins sent along are refused', async () => {
    const token = await world.library.make('PlainToken')
    for (const who of [ANN, BEN]) {
      await token.call('mint', [who, 10n ** 12n])
      await token.call('approve', [world.market.address, 10n ** 30n], who)
    }
    await offer(world, BEN, { token: token.address })
    await expect(open(world, ANN, shard, {}, 1n)).rejects.toThrow('StoragePaidWrong(0, 1)')
    const id = await open(world, ANN, shard, {}, 0n)
    await expect(call('acceptStorageDeal', [id], BEN, collateral)).rejects.toThrow('StoragePaidWrong')
    await call('acceptStorageDeal', [id], BEN)
    expect((await token.call('balanceOf', [world.market.address])).value).toBe(4n * pay + collateral)
    await toWindow(id, 2)
    await world.prove(id, shard.bytes)
    await toWindow(id, 4)
    await call('collectStorage', [id])
    await call('reclaimStorage', [id])
    expect((await token.call('balanceOf', [world.market.address])).value).toBe(0n)
    expect((await token.call('balanceOf', [BEN])).value).toBe(10n ** 12n + pay - collateral)
  })

  test('does not believe a token that keeps a fee, nor one that calls back', async () => {
    const fee = await world.library.make('FeeToken')
    await fee.call('mint', [ANN, 10n ** 12n])
    await fee.call('approve', [world.market.address, 10n ** 12n], ANN)
    await offer(world, BEN, { token: fee.address })
    await expect(open(world, ANN, shard, {}, 0n)).rejects.toThrow('ReceivedLess')
    const hostile = await world.library.make('HostileToken')
    for (const who of [ANN, BEN]) {
      await hostile.call('mint', [who, 10n ** 12n])
      await hostile.call('approve', [world.market.address, 10n ** 30n], who)
    }
    await offer(world, BEN, { token: hostile.address })
    const id = await open(world, ANN, shard, { offer: 2n }, 0n)
    await call('acceptStorageDeal', [id], BEN)
    await toWindow(id, 0)
    await world.prove(id, shard.bytes)
    const abi = new Interface(world.library.abiOf('StorageDeals') as never)
    await toWindow(id, 1)
    await world.prove(id, shard.bytes)
    await hostile.call('arm', [world.market.address, abi.encodeFunctionData('reclaimStorage', [id])])
    expect((await call('collectStorage', [id])).value).toBe(2n * pay)
    expect((await hostile.call('blocked')).value).toBe(true)
    expect((await hostile.call('balanceOf', [world.market.address])).value).toBe(2n * pay + collateral)
  })
})
