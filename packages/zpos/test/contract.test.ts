import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { ethers } from 'ethers'
import { describe, expect, test } from 'vitest'
import {
  type Address,
  CONSENSUS_ABI,
  CONSENSUS_ADDRESS,
  type ConsensusContract,
  callContract,
  createConsensusContract,
  createMemoryContractStore,
  type Effects,
  isZposError,
  keyAddress,
  type MemoryContractStore,
  provePossession,
  type Registration,
  ZOS,
} from '../src/index.ts'
import { seeded } from './support/network.ts'

const DAY = 86_400_000
const account = (n: number) => `0x${n.toString(16).padStart(40, '0')}` as Address
const secret = (n: number) => hexToBytes(n.toString(16).padStart(64, '0'))
const publicKey = (n: number) => secp256k1.getPublicKey(secret(n))
const keyOf = (n: number) => keyAddress(publicKey(n))!
const BOND = 10_000n * ZOS

function registration(owner: Address, key: number, commissionBps = 1000): Registration {
  return {
    publicKey: publicKey(key),
    possession: provePossession(secret(key), owner),
    vrfKey: new Uint8Array(32).fill(key),
    isogenyKey: new Uint8Array(83).fill(key),
    commissionBps,
  }
}

/** A contract and the account books of a chain around it: coins are never made or lost. */
function setUp(params: Parameters<typeof createConsensusContract>[0]['params'] = {}) {
  const store: MemoryContractStore = createMemoryContractStore()
  const contract: ConsensusContract = createConsensusContract({ store, params })
  const books = { in: 0n, out: 0n, burned: 0n, now: 1000 * DAY }
  type Call = { sender: Address; value: bigint; nowMs: number }
  function act<T>(sender: Address, value: bigint, operation: (call: Call, effects: Effects) => T): T {
    const result = contract.run((_, effects) => operation({ sender, value, nowMs: books.now }, effects))
    if (result.status === 'reverted') throw new Error(result.reason)
    books.in += value
    for (const { amount } of result.transfers) books.out += amount
    books.burned += result.burned
    expect(contract.holdings()).toBe(books.in - books.out - books.burned)
    return result.value
  }
  function reward(payouts: Map<Address, bigint>): bigint {
    const left = contract.reward(payouts)
    for (const amount of payouts.values()) books.in += amount
    books.in -= left
    expect(contract.holdings()).toBe(books.in - books.out - books.burned)
    return left
  }
  const run = <T>(
    sender: Address,
    value: bigint,
    call: (s: Parameters<Parameters<typeof contract.run>[0]>[0], c: Call, e: Effects) => T,
  ): T =>
    act(sender, value, (context, effects) => {
      let output: T | undefined
      const inner = contract.run((s, _) => {
        output = call(s, context, effects)
      })
      if (inner.status === 'reverted')
        throw Object.assign(new Error(inner.reason), { name: 'ZposError', code: 'ZPOS_CONTRACT_REVERTED' })
      return output as T
    })
  return {
    contract,
    store,
    books,
    reward,
    register: (n: number, value = BOND, commissionBps = 1000) =>
      run(account(n), value, (s, c, e) => s.register(c, e, registration(account(n), n, commissionBps))),
    delegate: (who: Address, to: Address, value: bigint) => run(who, value, (s, c, e) => s.delegate(c, e, to)),
    unbond: (who: Address, from: Address, amount: bigint) => run(who, 0n, (s, c, e) => s.unbond(c, e, from, amount)),
    redelegate: (who: Address, from: Address, to: Address, amount: bigint) =>
      run(who, 0n, (s, c, e) => s.redelegate(c, e, from, to, amount)),
    withdraw: (who: Address) => run(who, 0n, (s, c, e) => s.withdraw(c, e)),
    claim: (who: Address, from: Address) => run(who, 0n, (s, c, e) => s.claim(c, e, from)),
    release: (who: Address) => run(who, 0n, (s, c, e) => s.release(c, e)),
    setCommission: (who: Address, bps: number) => run(who, 0n, (s, c) => s.setCommission(c, bps, contract.epoch())),
    rotateKey: (who: Address, key: number) =>
      run(who, 0n, (s, c, e) => s.rotateKey(c, e, publicKey(key), provePossession(secret(key), who))),
    unjail: (who: Address) => run(who, 0n, (s, c, e) => s.unjail(c, e)),
    punish(key: Address, epoch: number, id: string, reporter = account(99)) {
      const result = contract.punish({ key, epoch, id, reporter }, books.now)
      if (result.status === 'reverted') return result.reason
      for (const { amount } of result.transfers) books.out += amount
      books.burned += result.burned
      expect(contract.holdings()).toBe(books.in - books.out - books.burned)
      return result
    },
  }
}

describe('with elections an epoch ahead', () => {
  const AHEAD = { electionLead: 1 }
  const keysOf = (c: ConsensusContract, epoch: number) => c.committee(epoch)?.members.map(({ address }) => address)

  test('the committee of an epoch holds who was bonded when the epoch before began', () => {
    const { contract, register } = setUp(AHEAD)
    register(1)
    expect(contract.endEpoch({ nowMs: 0 })!.epoch).toBe(1)
    register(2)
    expect([keysOf(contract, 0), keysOf(contract, 1)]).toEqual([[keyOf(1)], [keyOf(1)]])
    expect(contract.endEpoch({ nowMs: 1 })!.epoch).toBe(2)
    expect(contract.epoch()).toBe(1)
    expect(keysOf(contract, 2)).toEqual([keyOf(1), keyOf(2)])
  })

  test('the last committee stays when nobody is a candidate any more', () => {
    const { contract, register, unbond } = setUp(AHEAD)
    register(1)
    contract.endEpoch({ nowMs: 0 })
    unbond(account(1), account(1), BOND)
    expect(contract.endEpoch({ nowMs: 1 })!.members.map(({ address }) => address)).toEqual([keyOf(1)])
    expect(contract.epoch()).toBe(1)
  })

  test('stake that left between the election and the epoch answers for the epoch', () => {
    const { contract, register, unbond, punish, books } = setUp(AHEAD)
    register(1)
    books.now = 1000 * DAY
    contract.endEpoch({ nowMs: books.now })
    books.now += 10
    unbond(account(1), account(1), BOND)
    books.now += 10
    contract.endEpoch({ nowMs: books.now })
    expect(punish(keyOf(1), 1, 'a')).toMatchObject({ value: BOND })
  })
})

test('the address of a key is the one that Ethereum derives', () => {
  expect(keyOf(1)).toBe(ethers.computeAddress(`0x${bytesToHex(secret(1))}`).toLowerCase())
  expect(keyAddress(new Uint8Array(33))).toBeUndefined()
})

describe('candidates and committees', () => {
  test('a candidate needs the bond, a key of its own that nobody used, and a commission of at most everything', () => {
    const { register, contract, books } = setUp()
    expect(() => register(1, BOND - 1n)).toThrow(/bonds/)
    register(1)
    expect(() => register(1)).toThrow(/registered already/)
    expect(() => register(2, BOND, 10_001)).toThrow(/commission/)
    const steal = contract.run((s, e) =>
      s.register({ sender: account(3), value: BOND, nowMs: books.now }, e, registration(account(1), 4)),
    )
    expect(steal).toMatchObject({ status: 'reverted', reason: expect.stringMatching(/possession/) })
    const again = contract.run((s, e) =>
      s.register({ sender: account(3), value: BOND, nowMs: books.now }, e, registration(account(3), 1)),
    )
    expect(again).toMatchObject({ status: 'reverted', reason: expect.stringMatching(/in use/) })
    expect(contract.candidate(account(3))).toBeUndefined()
  })

  test('the thirty largest bonds are the committee; of equal ones the earlier', () => {
    const { register, delegate, contract } = setUp({ minSelfBond: BOND })
    for (let n = 1; n <= 40; n += 1) register(n)
    for (let n = 31; n <= 40; n += 1) delegate(account(1000), account(n), ZOS)
    const committee = contract.endEpoch({ nowMs: 0 })!
    expect(committee.members).toHaveLength(30)
    expect(committee.members.slice(0, 10).map(({ address }) => address)).toEqual(
      Array.from({ length: 10 }, (_, i) => keyOf(31 + i)),
    )
    expect(committee.members.slice(10).map(({ address }) => address)).toEqual(
      Array.from({ length: 20 }, (_, i) => keyOf(1 + i)),
    )
    expect(committee.epoch).toBe(0)
    expect(contract.endEpoch({ nowMs: 1 })!.epoch).toBe(1)
    expect(contract.committee(0)!.members).toHaveLength(30)
    expect(contract.committee(7)).toBeUndefined()
  })

  test('delegated stake counts, but who unbonds below the threshold is no candidate any more', () => {
    const { register, delegate, unbond, contract } = setUp()
    register(1)
    register(2)
    delegate(account(50), account(1), 5n * BOND)
    unbond(account(1), account(1), 1n)
    expect(contract.endEpoch({ nowMs: 0 })!.members.map(({ address }) => address)).toEqual([keyOf(2)])
  })

  test('an epoch does not end while there is no candidate, and nobody is jailed then', () => {
    const { register, contract } = setUp()
    expect(contract.endEpoch({ nowMs: 0 })).toBeUndefined()
    register(1)
    contract.endEpoch({ nowMs: 0 })
    expect(contract.endEpoch({ nowMs: 0, rounds: 100, produced: new Map() })).toBeUndefined()
    expect(contract.candidate(account(1))!.jailed).toBe(false)
    expect(contract.epoch()).toBe(0)
  })

  test('who was away is jailed, and comes back by unjail after its time', () => {
    const { register, unjail, contract, books } = setUp()
    register(1)
    register(2)
    contract.endEpoch({ nowMs: books.now })
    const produced = new Map([[keyOf(1), 900]])
    const next = contract.endEpoch({ nowMs: books.now, rounds: 1000, produced })!
    expect(next.members.map(({ address }) => address)).toEqual([keyOf(1)])
    expect(() => unjail(account(2))).toThrow(/until/)
    expect(() => unjail(account(1))).toThrow(/not in jail/)
    books.now += contract.params.jailMs
    unjail(account(2))
    expect(contract.endEpoch({ nowMs: books.now })!.members).toHaveLength(2)
  })
})

describe('stake', () => {
  test('unbonded coins come back after the unbonding time, not before, and earn nothing on the way', () => {
    const { register, delegate, unbond, withdraw, reward, contract, books } = setUp()
    register(1)
    delegate(account(50), account(1), BOND)
    unbond(account(50), account(1), BOND)
    expect(contract.delegation(account(1), account(50))).toBe(0n)
    reward(new Map([[keyOf(1), 1000n]]))
    expect(contract.pendingRewards(account(1), account(50))).toBe(0n)
    books.now += contract.params.unbondingMs - 1
    expect(withdraw(account(50))).toBe(0n)
    books.now += 1
    expect(withdraw(account(50))).toBe(BOND)
    expect(withdraw(account(50))).toBe(0n)
  })

  test('one takes out what one has, and keeps a bounded number of entries open', () => {
    const { register, delegate, unbond, contract } = setUp()
    register(1)
    delegate(account(50), account(1), BOND)
    expect(() => unbond(account(50), account(1), BOND + 1n)).toThrow(/has no/)
    expect(() => unbond(account(50), account(1), 0n)).toThrow(/has no/)
    expect(() => unbond(account(50), account(2), 1n)).toThrow(/not a candidate/)
    expect(() => delegate(account(50), account(1), 1n)).toThrow(/at least/)
    for (let i = 0; i < contract.params.maxUnbondings; i += 1) unbond(account(50), account(1), 5n)
    expect(() => unbond(account(50), account(1), 5n)).toThrow(/withdraw first/)
  })

  test('a redelegation moves stake at once, but not twice on', () => {
    const { register, delegate, redelegate, contract, books } = setUp()
    for (const n of [1, 2, 3]) register(n)
    delegate(account(50), account(1), BOND)
    expect(() => redelegate(account(50), account(1), account(1), BOND)).toThrow(/another/)
    redelegate(account(50), account(1), account(2), BOND)
    expect(contract.delegation(account(2), account(50))).toBe(BOND)
    expect(() => redelegate(account(50), account(2), account(3), BOND)).toThrow(/stays/)
    books.now += contract.params.unbondingMs
    redelegate(account(50), account(2), account(3), BOND)
  })

  test('a commission rises by one per cent an epoch at most, and falls freely', () => {
    const { register, setCommission, contract } = setUp()
    register(1)
    setCommission(account(1), 1100)
    expect(() => setCommission(account(1), 1101)).toThrow(/rises/)
    setCommission(account(1), 0)
    expect(() => setCommission(account(1), 1101)).toThrow(/rises/)
    expect(() => setCommission(account(1), 10_001)).toThrow(/at most/)
    contract.endEpoch({ nowMs: 0 })
    contract.endEpoch({ nowMs: 0 })
    setCommission(account(1), 100)
  })
})

describe('rewards', () => {
  test('commission first, the rest by stake; 40 % at once and the rest over 180 days', () => {
    const { register, delegate, claim, release, reward, contract, books } = setUp()
    register(1)
    delegate(account(50), account(1), 3n * BOND)
    reward(new Map([[keyOf(1), 1000n * ZOS]]))
    // Rounding down costs the smallest unit.
    const mine = contract.pendingRewards(account(1), account(50))
    expect(675n * ZOS - mine).toBeLessThan(2n)
    claim(account(50), account(1))
    expect(books.out).toBe((mine * 4n) / 10n)
    expect(release(account(50))).toBe(0n)
    books.now += 90 * DAY
    const half = release(account(50))
    expect(half - (mine * 3n) / 10n).toBeLessThan(2n)
    books.now += 90 * DAY
    expect(books.out + release(account(50))).toBe(mine)
    const before = books.out
    claim(account(1), account(1))
    const own = (325n * ZOS * 4n) / 10n - (books.out - before)
    expect(own >= 0n && own < 3n).toBe(true)
  })

  test('a reward for a stranger or for one slashed is not taken', () => {
    const { register, reward, punish, contract } = setUp()
    register(1)
    contract.endEpoch({ nowMs: 1000 * DAY })
    expect(reward(new Map([[keyOf(9), 7n]]))).toBe(7n)
    punish(keyOf(1), 0, 'x')
    expect(reward(new Map([[keyOf(1), 7n]]))).toBe(7n)
  })
})

describe('slashing', () => {
  test('all of the stake goes, delegators pro rata, a twentieth to the reporter, the rest burned; once', () => {
    const { register, delegate, unbond, punish, contract, books } = setUp()
    register(1)
    register(2)
    delegate(account(50), account(1), BOND)
    contract.endEpoch({ nowMs: books.now })
    const result = punish(keyOf(1), 0, 'e1')
    expect(result).toMatchObject({ status: 'done', value: 2n * BOND, burned: (2n * BOND * 95n) / 100n })
    expect(contract.delegation(account(1), account(50))).toBe(0n)
    expect(() => unbond(account(50), account(1), 1n)).toThrow(/has no/)
    expect(() => delegate(account(50), account(1), BOND)).toThrow(/slashed/)
    expect(punish(keyOf(1), 0, 'e1')).toMatch(/used/)
    expect(punish(keyOf(1), 0, 'e2')).toMatch(/slashed already/)
    expect(contract.endEpoch({ nowMs: books.now })!.members.map(({ address }) => address)).toEqual([keyOf(2)])
  })

  test('stake that left after the offence is reached, stake that left before is not', () => {
    const { register, delegate, unbond, redelegate, withdraw, punish, contract, books } = setUp()
    register(1)
    register(2)
    for (const n of [50, 51, 52]) delegate(account(n), account(1), BOND)
    unbond(account(50), account(1), BOND)
    books.now += 10
    contract.endEpoch({ nowMs: books.now })
    books.now += 10
    unbond(account(51), account(1), BOND)
    redelegate(account(52), account(1), account(2), BOND)
    expect(punish(keyOf(1), 0, 'e')).toMatchObject({ value: 3n * BOND })
    expect(contract.delegation(account(2), account(52))).toBe(0n)
    expect(contract.delegation(account(2), account(2))).toBe(BOND)
    books.now += contract.params.unbondingMs
    expect(withdraw(account(50))).toBe(BOND)
    expect(withdraw(account(51))).toBe(0n)
  })

  test('a slash reads and writes as many records with a thousand on their way out as with one, and takes the same part of each', () => {
    const cost = (leavers: number) => {
      const { register, delegate, unbond, contract, store, books } = setUp({ slashBps: 2_500n })
      register(1)
      for (let n = 0; n < leavers; n += 1) delegate(account(100 + n), account(1), BOND + BigInt(n))
      contract.endEpoch({ nowMs: books.now })
      for (let n = 0; n < leavers; n += 1) unbond(account(100 + n), account(1), BOND + BigInt(n))
      let touched = 0
      const { get, set } = store
      Object.assign(store, {
        get: (name: string) => {
          touched += 1
          return get(name)
        },
        set: (name: string, value: never) => {
          touched += 1
          set(name, value)
        },
      })
      expect(contract.punish({ key: keyOf(1), epoch: 0, id: 'e', reporter: account(99) }, books.now).status).toBe(
        'done',
      )
      Object.assign(store, { get, set })
      const spent = touched
      books.now += contract.params.unbondingMs
      // Rounding leaves dust of a coin's last digit to the last.
      for (let n = 0; n < leavers; n += 1) {
        const whole = BOND + BigInt(n)
        const paid = contract.run((s, e) => s.withdraw({ sender: account(100 + n), value: 0n, nowMs: books.now }, e))
        expect(paid.status === 'done' && (whole * 3n) / 4n - paid.value).toBeLessThanOrEqual(1n)
      }
      expect(store.keys('leaving/')).toEqual([])
      return spent
    }
    expect(cost(1_000)).toBe(cost(1))
  })

  test('what leaves after a slash in the same epoch is not touched by it', () => {
    const { register, delegate, unbond, withdraw, punish, contract, books } = setUp({ slashBps: 2_500n })
    register(1)
    delegate(account(50), account(1), BOND)
    delegate(account(51), account(1), BOND)
    contract.endEpoch({ nowMs: books.now })
    unbond(account(50), account(1), BOND)
    punish(keyOf(1), 0, 'e')
    unbond(account(51), account(1), (BOND * 3n) / 4n)
    books.now += contract.params.unbondingMs
    expect(withdraw(account(51))).toBe((BOND * 3n) / 4n)
    expect(withdraw(account(50))).toBe((BOND * 3n) / 4n)
  })

  test('part of a slash leaves shares that are worth less', () => {
    const { register, delegate, punish, contract, books } = setUp({ slashBps: 2500n })
    register(1)
    delegate(account(50), account(1), BOND)
    contract.endEpoch({ nowMs: books.now })
    punish(keyOf(1), 0, 'e')
    expect(contract.delegation(account(1), account(50))).toBe((BOND * 3n) / 4n)
  })

  test('evidence expires, is taken for members of the epoch only, and reaches keys that were rotated out', () => {
    const { register, rotateKey, punish, contract, books } = setUp()
    register(1)
    contract.endEpoch({ nowMs: books.now })
    rotateKey(account(1), 101)
    expect(contract.endEpoch({ nowMs: books.now + 5 })!.members[0]!.address).toBe(keyOf(101))
    expect(contract.ownerOf(keyOf(1))).toBe(account(1))
    expect(punish(keyOf(1), 1, 'n')).toMatch(/not in the committee/)
    expect(punish(keyOf(1), 2, 'f')).toMatch(/not in the committee/)
    expect(punish(keyOf(77), 0, 'u')).toMatch(/no validator/)
    books.now += contract.params.evidenceWindowMs + 1
    expect(punish(keyOf(1), 0, 'o')).toMatch(/window/)
    expect(punish(keyOf(101), 1, 'e')).toMatchObject({ status: 'done' })
  })

  test('an offence under a rotated key costs the stake of its owner', () => {
    const { register, rotateKey, punish, contract, books } = setUp()
    register(1)
    contract.endEpoch({ nowMs: books.now })
    rotateKey(account(1), 101)
    contract.endEpoch({ nowMs: books.now })
    expect(punish(keyOf(1), 0, 'e')).toMatchObject({ status: 'done', value: BOND })
    expect(contract.candidate(account(1))!.tombstoned).toBe(true)
  })

  test('keys rotate a bounded number of times within the evidence window, never to a key that was used', () => {
    const { register, rotateKey, contract, books } = setUp()
    register(1)
    expect(() => rotateKey(account(1), 1)).toThrow(/in use/)
    for (let n = 0; n < contract.params.maxOldKeys; n += 1) rotateKey(account(1), 101 + n)
    expect(() => rotateKey(account(1), 150)).toThrow(/under evidence/)
    books.now += contract.params.evidenceWindowMs
    rotateKey(account(1), 150)
    expect(() => rotateKey(account(1), 101)).toThrow(/in use/)
  })
})

test('parameters that contradict each other are refused', () => {
  for (const params of [{ unbondingMs: 1 }, { committeeSize: 0 }, { slashBps: 10_001n }]) {
    try {
      createConsensusContract({ store: createMemoryContractStore(), params })
      expect.unreachable()
    } catch (error) {
      expect(isZposError(error, 'ZPOS_INVALID_ARGUMENT')).toBe(true)
    }
  }
})

test('whatever accounts do, no coin is made or lost, and the state has one serial form', { timeout: 120_000 }, () => {
  const world = setUp({ slashBps: 7000n })
  const { register, delegate, unbond, redelegate, withdraw, claim, release, reward, punish, contract, store, books } =
    world
  const random = seeded(77)
  const pick = (n: number) => Math.floor(random() * n)
  for (let n = 1; n <= 6; n += 1) register(n, BOND + BigInt(pick(1e9)))
  let done = 0
  for (let i = 0; i < (process.env.ZOS_LONG ? 50_000 : 4000); i += 1) {
    const who = account(50 + pick(8))
    const to = account(1 + pick(6))
    const amount = random() < 0.2 ? BigInt(1 + pick(1000)) : BigInt(1 + pick(1e15)) * 100_000n
    books.now += pick(DAY / 4)
    const mark = i % 8 === 0 ? store.serialize() : undefined
    try {
      const dice = random()
      if (dice < 0.3) delegate(who, to, amount)
      else if (dice < 0.45) unbond(who, to, amount)
      else if (dice < 0.55) redelegate(who, to, account(1 + pick(6)), amount)
      else if (dice < 0.62) withdraw(who)
      else if (dice < 0.72) claim(random() < 0.2 ? to : who, to)
      else if (dice < 0.8) release(who)
      else if (dice < 0.998 || i < 2000) reward(new Map([[keyOf(1 + pick(6)), amount]]))
      else {
        contract.endEpoch({ nowMs: books.now })
        punish(keyOf(1 + pick(6)), contract.epoch(), `e${i}`)
      }
      done += 1
    } catch (error) {
      if (!/has no|at least|withdraw first|stays|another|too many|slashed|not a candidate/.test(String(error)))
        throw error
      if (mark !== undefined) expect(store.serialize(), 'a refused call changed the state').toBe(mark)
    }
  }
  expect(done).toBeGreaterThan(1500)
  const copy = createMemoryContractStore(store.serialize())
  expect(copy.serialize()).toBe(store.serialize())
  expect(createConsensusContract({ store: copy }).holdings()).toBe(contract.holdings())
})

describe('as the EVM sees it', () => {
  const face = new ethers.Interface(CONSENSUS_ABI)
  const call = (contract: ConsensusContract, sender: Address, name: string, args: unknown[], extra: object = {}) => {
    const data = hexToBytes(face.encodeFunctionData(name, args).slice(2))
    const result = callContract(contract, { sender, value: 0n, nowMs: 1, data, ...extra })
    const output = `0x${bytesToHex(result.output)}`
    return result.success
      ? { ...result, values: face.decodeFunctionResult(name, output) }
      : { ...result, reason: face.parseError(output)!.args[0] as string }
  }

  test('ethers registers, delegates, reads and understands logs', () => {
    const contract = createConsensusContract({ store: createMemoryContractStore() })
    const { publicKey, possession, vrfKey, isogenyKey } = registration(account(1), 1)
    const registered = call(contract, account(1), 'register', [publicKey, possession, vrfKey, isogenyKey, 500], {
      value: BOND,
    })
    expect(registered.success).toBe(true)
    expect(face.parseLog(registered.logs[0] as never)).toMatchObject({ name: 'Registered' })
    expect(call(contract, account(2), 'delegate', [account(1)], { value: ZOS }).success).toBe(true)
    expect(call(contract, account(1), 'bond', [], { value: ZOS }).success).toBe(true)
    contract.endEpoch({ nowMs: 1 })
    const { values } = call(contract, account(9), 'committee', [], { isStatic: true }) as { values: ethers.Result }
    expect(values[0].map((key: string) => key.toLowerCase())).toEqual([keyOf(1)])
    expect(values[1]).toEqual([BOND + 2n * ZOS])
    const candidate = call(contract, account(9), 'candidate', [account(1)]) as { values: ethers.Result }
    expect(candidate.values.toArray().slice(0, 4)).toEqual([BOND + 2n * ZOS, 500n, false, false])
    for (const [name, args, value] of [
      ['epoch', [], 0n],
      ['delegation', [account(1), account(2)], ZOS],
      ['pendingRewards', [account(1), account(2)], 0n],
      ['minSelfBond', [], BOND],
    ] as const) {
      expect((call(contract, account(9), name, [...args]) as { values: ethers.Result }).values[0]).toBe(value)
    }
    const keys = (call(contract, account(9), 'keysOf', [account(1)]) as { values: ethers.Result }).values
    expect(keys.toArray()).toEqual([publicKey, vrfKey, isogenyKey].map((key) => `0x${bytesToHex(key)}`))
    expect((call(contract, account(9), 'keysOf', [account(7)]) as { values: ethers.Result }).values[0]).toBe('0x')
    expect((call(contract, account(9), 'ownerOf', [keyOf(1)]) as { values: ethers.Result }).values[0]).toBe(
      ethers.getAddress(account(1)),
    )
    for (const [name, args] of [
      ['unbond', [account(1), 5n]],
      ['withdraw', []],
      ['setCommission', [400]],
      ['rotateKey', [registration(account(1), 8).publicKey, registration(account(1), 8).possession]],
      ['setIsogenyKey', [new Uint8Array(83).fill(9)]],
      ['claim', [account(1)]],
      ['release', []],
    ] as const) {
      expect(call(contract, account(1), name, [...args]).success, name).toBe(true)
    }
    expect(call(contract, account(1), 'unjail', [])).toMatchObject({
      success: false,
      reason: expect.stringMatching(/jail/),
    })
    expect(call(contract, account(2), 'redelegate', [account(1), account(5), 1n])).toMatchObject({ success: false })
  })

  test('a committee carries the whole keys of its members, an isogeny key that is changed from the next election on', () => {
    const strict = createConsensusContract({
      store: createMemoryContractStore(),
      params: { requireIsogenyKey: true, electionLead: 1 },
    })
    const { publicKey, possession, vrfKey, isogenyKey } = registration(account(1), 1)
    const register = (key: Uint8Array) =>
      call(strict, account(1), 'register', [publicKey, possession, vrfKey, key, 0], { value: BOND })
    expect(register(new Uint8Array())).toMatchObject({ reason: 'checkpoints of this network need an isogeny key' })
    expect(register(new Uint8Array(82))).toMatchObject({ reason: 'an isogeny key has 83 bytes, not 82' })
    expect(register(isogenyKey).success).toBe(true)
    expect(strict.endEpoch({ nowMs: 1 })!.members[0]).toMatchObject({ publicKey, vrfKey, isogenyKey })
    const next = new Uint8Array(83).fill(77)
    expect(call(strict, account(1), 'setIsogenyKey', [new Uint8Array()])).toMatchObject({ success: false })
    expect(call(strict, account(2), 'setIsogenyKey', [next])).toMatchObject({ success: false })
    expect(call(strict, account(1), 'setIsogenyKey', [next]).success).toBe(true)
    expect(strict.committee(1)!.members[0]!.isogenyKey).toEqual(isogenyKey)
    expect(strict.endEpoch({ nowMs: 2 })!.members[0]!.isogenyKey).toEqual(next)
    const loose = createConsensusContract({ store: createMemoryContractStore() })
    const none = [publicKey, possession, new Uint8Array(32), new Uint8Array(), 0]
    expect(call(loose, account(1), 'register', none, { value: BOND }).success).toBe(true)
    loose.endEpoch({ nowMs: 1 })
    expect(Object.keys(loose.committee()!.members[0]!).sort()).toEqual(['address', 'publicKey', 'stake'])
  })

  test('evidence is taken through the prover, and nothing else is', () => {
    const contract = createConsensusContract({ store: createMemoryContractStore() })
    const { publicKey, possession, vrfKey, isogenyKey } = registration(account(1), 1)
    call(contract, account(1), 'register', [publicKey, possession, vrfKey, isogenyKey, 500], { value: BOND })
    expect(call(contract, account(9), 'submitEvidence', ['0x01'])).toMatchObject({
      reason: 'evidence is not taken here',
    })
    expect(call(contract, account(9), 'submitEvidence', ['0x01'], { proveOffence: () => 'no' })).toMatchObject({
      reason: 'no',
    })
    contract.endEpoch({ nowMs: 1 })
    const proveOffence = () => ({ key: keyOf(1), epoch: 0, id: 'e' })
    const taken = call(contract, account(9), 'submitEvidence', ['0x01'], { proveOffence })
    expect(taken).toMatchObject({
      success: true,
      burned: (BOND * 95n) / 100n,
      transfers: [{ to: account(9), amount: BOND / 20n }],
    })
    expect(call(contract, account(9), 'submitEvidence', ['0x01'], { proveOffence })).toMatchObject({ success: false })
  })

  test('foreign call data never throws', () => {
    const contract = createConsensusContract({ store: createMemoryContractStore() })
    const random = seeded(3)
    const selectors = face.fragments
      .filter((f) => f.type === 'function')
      .map((f) => face.getFunction(f.format())!.selector)
    for (let i = 0; i < 3000; i += 1) {
      const head = hexToBytes(selectors[Math.floor(random() * selectors.length)]!.slice(2))
      const tail = Uint8Array.from({ length: Math.floor(random() * 300) }, () =>
        random() < 0.8 ? 0 : Math.floor(random() * 256),
      )
      const data = Uint8Array.of(...head.subarray(0, random() < 0.05 ? 3 : 4), ...tail)
      callContract(contract, { sender: account(1), value: random() < 0.5 ? 0n : BOND, nowMs: 5, data })
    }
    const refuse = (name: string, args: unknown[], extra: object) => call(contract, account(1), name, args, extra)
    expect(refuse('withdraw', [], { value: 1n })).toMatchObject({ reason: 'withdraw takes no coins' })
    expect(refuse('withdraw', [], { isStatic: true })).toMatchObject({ reason: 'withdraw changes state' })
    expect(CONSENSUS_ADDRESS).toMatch(/^0x0{36}5a01$/)
  })
})
