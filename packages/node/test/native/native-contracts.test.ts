import { bytesToHex } from '@ethereumjs/util'
import { keyAddress, provePossession } from '@zos/zpos'
import { Interface, Wallet } from 'ethers'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { DAG_ABI, DAG_ADDRESS, DAG_WINDOW, recordLeader } from '../../src/native/dag-contract.ts'
import { type NativeCall, type NativeContract, NativeRevert } from '../../src/native/native-contract.ts'
import { slotAt, systemStorage } from '../../src/native/native-storage.ts'
import { decodeRecord, encodeRecord } from '../../src/native/record-codec.ts'
import { createRecordStore } from '../../src/native/record-store.ts'
import type { AddressHex } from '../../src/state/account.ts'
import { StateOverlay } from '../../src/state/overlay.ts'
import { CONSENSUS, consensus, createWorld, genesis, USER, VALIDATOR, type World, ZOS } from './world.ts'

const EMPTY = { account: () => undefined, storage: () => new Uint8Array(), code: () => new Uint8Array() }
let world: World

beforeEach(async () => {
  world = await createWorld()
})

describe('the consensus contract in the state', () => {
  const send = async (name: string, args: unknown[], options: { value?: bigint; timestamp?: number } = {}) => {
    const outcome = await world.call(CONSENSUS, consensus.encodeFunctionData(name, args), options)
    if (!outcome.succeeded) throw new Error(String(consensus.parseError(outcome.returned)?.args))
    return consensus.decodeFunctionResult(name, outcome.returned)
  }

  test('holds the bonds of the genesis, and their coins', async () => {
    expect(world.balance(CONSENSUS)).toBe(2n * BigInt(genesis.validators[0]!.stake))
    const [keys] = await send('committee', [])
    expect(keys.map((key: string) => key.toLowerCase())).toEqual(genesis.validators.map(({ address }) => address))
    expect((await send('candidate', [VALIDATOR]))[0]).toBe(BigInt(genesis.validators[0]!.stake))
    expect(world.contract().committee(1)?.members).toHaveLength(2)
  })

  test('takes a registration with proof of the key, and keeps every coin it was given until it pays it back', async () => {
    const before = world.balance(CONSENSUS)
    const key = Wallet.createRandom()
    const publicKey = key.signingKey.compressedPublicKey
    const possession = bytesToHex(provePossession(Buffer.from(key.privateKey.slice(2), 'hex'), USER as never))
    const isogenyKey = new Uint8Array(83).fill(2)
    await expect(
      send('register', [publicKey, possession, genesisHash(1), '0x', 500], { value: 2_000n * ZOS }),
    ).rejects.toThrow(/need an isogeny key/)
    await send('register', [publicKey, possession, genesisHash(1), isogenyKey, 500], { value: 2_000n * ZOS })
    expect((await send('candidate', [USER]))[4].toLowerCase()).toBe(keyAddress(Buffer.from(publicKey.slice(2), 'hex')))
    expect((await send('keysOf', [USER])).toArray()).toEqual([publicKey, genesisHash(1), bytesToHex(isogenyKey)])
    expect(world.balance(CONSENSUS)).toBe(before + 2_000n * ZOS)
    await expect(
      send('register', [publicKey, possession, genesisHash(1), isogenyKey, 500], { value: 2_000n * ZOS }),
    ).rejects.toThrow(/registered already/)
    await send('unbond', [USER, 2_000n * ZOS])
    expect((await send('withdraw', []))[0]).toBe(0n)
    const paid = await send('withdraw', [], { timestamp: 2_000 + 61 })
    expect(paid[0]).toBe(2_000n * ZOS)
    expect(world.balance(CONSENSUS)).toBe(before)
  })

  test('logs what it does under its own address', async () => {
    const outcome = await world.call(CONSENSUS, consensus.encodeFunctionData('delegate', [VALIDATOR]), { value: ZOS })
    const [log] = outcome.logs
    expect(log!.address).toBe(CONSENSUS)
    expect(consensus.parseLog({ topics: log!.topics, data: bytesToHex(log!.data) })?.args.amount).toBe(ZOS)
  })
})

describe('the DAG contract', () => {
  const dag = new Interface(DAG_ABI)
  const unit = (n: number) => `0x${n.toString(16).padStart(64, 'a')}` as const
  const ask = async (name: string, ...args: unknown[]) => {
    const outcome = await world.call(DAG_ADDRESS, dag.encodeFunctionData(name, args))
    if (!outcome.succeeded) throw new Error(outcome.exception)
    return dag.decodeFunctionResult(name, outcome.returned)
  }

  test('tells the leader of this block and of earlier ones', async () => {
    for (let n = 1; n <= 5; n++) recordLeader(world.state, n, { unit: unit(n), mci: 2 * n, round: 3 * n, epoch: 7 })
    expect([await ask('mainChainIndex'), await ask('round'), await ask('epoch')]).toEqual([[10n], [15n], [7n]])
    expect([...(await ask('unitOf', 4))]).toEqual([unit(4), 8n, 12n, 7n])
    expect((await ask('blockOf', unit(4)))[0]).toBe(4n)
    expect((await ask('blockOf', unit(9)))[0]).toBe(0n)
    for (const number of [0, 6]) await expect(ask('unitOf', number)).rejects.toThrow('revert')
  })

  test('forgets a leader when its place in the ring is taken', async () => {
    recordLeader(world.state, 5, { unit: unit(5), mci: 1, round: 1, epoch: 0 })
    recordLeader(world.state, 5 + Number(DAG_WINDOW), { unit: unit(6), mci: 2, round: 2, epoch: 0 })
    expect((await ask('blockOf', unit(5)))[0]).toBe(0n)
    expect((await ask('blockOf', unit(6)))[0]).toBe(5n + DAG_WINDOW)
  })
})

describe('records in storage', () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.bigInt(0n, 1n << 200n),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.string(),
      fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => bytesToHex(bytes)),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.constantFrom('tokens', 'pool', 'key'), fc.string({ minLength: 1 })), tie('value'), {
        maxKeys: 4,
        noNullPrototype: true,
      }),
    ),
  })).value as fc.Arbitrary<never>

  test('come back as they were', () => {
    fc.assert(fc.property(value, (one) => void expect(decodeRecord(encodeRecord(one))).toEqual(one)))
  })

  test('are what a plain map would hold, after any writes, reverts and flushes; clearing all leaves empty storage', () => {
    const name = fc
      .tuple(fc.constantFrom('validator', 'note'), fc.integer({ min: 1, max: 6 }))
      .map(([table, n]) => `${table}/0x${n.toString(16).padStart(40, '0')}`)
    const step = fc.oneof(
      fc.record({ op: fc.constant('set' as const), name, value: fc.option(value, { nil: undefined }) }),
      fc.record({ op: fc.constantFrom('mark' as const, 'revert' as const, 'flush' as const) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const state = new StateOverlay(EMPTY)
        const address = CONSENSUS
        let store = createRecordStore(systemStorage(state, address), ['validator'])
        let model = new Map<string, unknown>()
        let mark: { at: number; model: Map<string, unknown> } | undefined
        for (const one of steps) {
          if (one.op === 'set') {
            store.set(one.name, one.value)
            if (one.value === undefined) model.delete(one.name)
            else model.set(one.name, one.value)
          } else if (one.op === 'mark') mark = { at: store.snapshot(), model: new Map(model) }
          else if (one.op === 'revert' && mark) {
            store.revert(mark.at)
            model = new Map(mark.model)
          } else if (one.op === 'flush') {
            store.flush()
            store = createRecordStore(systemStorage(state, address), ['validator'])
            mark = undefined
          }
          for (const [key, held] of model) expect(store.get(key)).toEqual(held)
          expect(store.keys('validator/')).toEqual([...model.keys()].filter((key) => key.startsWith('val')).sort())
        }
        for (const key of [...model.keys()]) store.set(key, undefined)
        store.flush()
        for (const slots of state.changes().storage.values())
          for (const [slot, held] of slots) expect([slot, held.length]).toEqual([slot, 0])
      }),
      { numRuns: 200 },
    )
  })
})

describe('a native contract of somebody else', () => {
  const address = '0x0000000000000000000000000000000000005aff' as AddressHex
  const contractOf = (call: (call: NativeCall) => Uint8Array | Promise<Uint8Array>): NativeContract => ({
    address,
    name: 'the test contract',
    call,
  })

  test('calls contracts, whose writes go with its own', async () => {
    const slot = slotAt(1n)
    let target: AddressHex
    let fails = false
    const mine = contractOf(async (call) => {
      call.storage.set(slot, Uint8Array.of(7))
      const echoed = await call.invoke({ to: target, data: Uint8Array.of(1, 2, 3) })
      const refused = await call.invoke({ to: target, data: new Uint8Array() })
      const created = await call.invoke({ data: Buffer.from('600160005500', 'hex'), gas: 100_000n })
      if (fails) throw new NativeRevert(Uint8Array.of(9))
      return Uint8Array.of(
        Number(echoed.succeeded),
        ...echoed.output,
        Number(refused.succeeded),
        Number(created.succeeded),
      )
    })
    const other = await createWorld([mine])
    target = await other.deploy('0x600d600c600039600d6000f33615600b57365f5f37365ff35b5f5ffd')
    const outcome = await other.call(address, '0x')
    expect([...outcome.returned]).toEqual([1, 1, 2, 3, 0, 1])
    expect([...other.state.storage(address, slot)]).toEqual([7])
    fails = true
    await other.sandbox(async () => {
      expect((await other.call(address, '0x')).exception).toBe('revert')
      expect(other.changes()).toEqual([])
    })
  })

  test('that throws costs the call its gas and changes nothing', async () => {
    const faulty = contractOf((call) => {
      call.storage.set(slotAt(1n), Uint8Array.of(7))
      throw new TypeError('a fault')
    })
    const other = await createWorld([faulty])
    await other.sandbox(async () => {
      const outcome = await other.call(address, '0x', { gasLimit: 100_000n })
      expect(outcome.succeeded).toBe(false)
      expect(outcome.gasUsed).toBe(100_000n)
      expect(other.changes()).toEqual([])
    })
  })
})

function genesisHash(n: number): string {
  return `0x${n.toString(16).padStart(64, '0')}`
}
