import { type UnitHeader, unitId } from '@zos/dag'
import { expect, test } from 'vitest'
import {
  type Address,
  checkEvidence,
  createCommitter,
  createConsensusContract,
  createMemoryContractStore,
  decodeEvidence,
  type Evidence,
  encodeEvidence,
  extractCulprits,
  findForks,
  isZposError,
  MAX_CHAIN,
  provePossession,
  type RoundDag,
  signCheckpoint,
  type UnitEvidence,
  type UnitId,
} from '../src/index.ts'
import { parseDag } from './support/dag-language.ts'
import { fixedSchedule } from './support/fixed-schedule.ts'
import { committeeOf, names, seeded } from './support/network.ts'
import {
  append,
  committeeOfKeys,
  createHeaderOf,
  GENESIS_HEADER,
  grow,
  keys,
  NETWORK,
  newDag,
  sign,
} from './support/real-dag.ts'

const members = keys(4)
const [a, b] = members
const dag = newDag()
grow(dag, members, 8)
const genesis = unitId(GENESIS_HEADER)
const context = { networkId: NETWORK, isBase: (unit: UnitId) => unit === genesis }
const unitOf = (round: number, key = a!): UnitHeader => dag.header(dag.authorUnits(key.address, round)[0]!)

/** Another unit of `a` in `round`, on the same parents but with `selfParent`. */
function twin(round: number, selfParent: UnitId = unitOf(round).validator!.selfParent): UnitHeader {
  const parents = [selfParent, ...unitOf(round).parents.slice(1)]
  return createHeaderOf(parents, 999, { author: a!.address, round, selfParent })
}
const check = (evidence: Evidence) => {
  const read = decodeEvidence(encodeEvidence(evidence))
  expect(read).toEqual(evidence)
  const result = checkEvidence(read!, context)
  return result.status === 'proved' ? result.offence : result.reason
}
const pair = (earlier: UnitHeader, later: UnitHeader, chain: UnitHeader[] = []): UnitEvidence => ({
  kind: 'units',
  earlier: sign(earlier, a!),
  later: sign(later, a!),
  chain,
})

test('two units of one round are proof; the id is the same in either order and for any signature', () => {
  const first = check(pair(unitOf(5), twin(5)))
  expect(first).toMatchObject({ key: a!.address, epoch: 0 })
  expect(check(pair(twin(5), unitOf(5)))).toEqual(first)
})

test('a chain of self-parents that misses a unit is proof, one that holds it is not', () => {
  const fork = twin(3)
  const chain = [7, 6, 5, 4, 3].map((round) => unitOf(round))
  expect(check(pair(fork, unitOf(8), chain))).toMatchObject({ key: a!.address })
  expect(check(pair(unitOf(3), unitOf(8), chain))).toMatch(/in the past/)
  expect(check(pair(fork, unitOf(8), chain.slice(0, 3)))).toMatch(/ends above/)
  expect(check(pair(fork, unitOf(8), chain.slice(1)))).toMatch(/hang together/)
  expect(check(pair(fork, unitOf(4), [GENESIS_HEADER]))).toMatch(/hang together/)
  const endless = pair(
    fork,
    unitOf(8),
    Array.from({ length: MAX_CHAIN + 1 }, () => unitOf(7)),
  )
  expect(decodeEvidence(encodeEvidence(endless))).toBeUndefined()
  expect(checkEvidence(endless, context)).toMatchObject({ reason: expect.stringMatching(/more than/) })
})

test('a chain that begins anew at the base denies the units before', () => {
  expect(check(pair(unitOf(3), twin(5, genesis)))).toMatchObject({ key: a!.address })
  expect(check(pair(unitOf(4), unitOf(5)))).toMatch(/in the past/)
})

test('evidence against someone else, of another network, of one unit, unsigned or of user units is none', () => {
  const evidence = pair(unitOf(5), twin(5))
  expect(check({ ...evidence, later: sign(unitOf(5, b!), b!) })).toMatch(/one author/)
  expect(check({ ...evidence, later: { ...evidence.later, publicKey: b!.publicKey } })).toMatch(/not theirs/)
  expect(check({ ...evidence, later: { ...evidence.later, signature: evidence.earlier.signature } })).toMatch(
    /signature/,
  )
  expect(check(pair(unitOf(5), unitOf(5)))).toMatch(/one unit/)
  expect(check(pair(unitOf(6), twin(5)))).toMatch(/later round/)
  expect(check(pair(unitOf(5), createHeaderOf([genesis], 1, undefined, a!.address)))).toMatch(/validator unit/)
  expect(check(pair({ ...unitOf(5), networkId: 8 }, twin(5)))).toMatch(/network/)
  const far = createHeaderOf([unitId(unitOf(8))], 1, {
    author: a!.address,
    round: 70_000,
    selfParent: unitId(unitOf(8)),
  })
  expect(check(pair(unitOf(5), far))).toMatch(/epochs/)
})

test('two checkpoints of one epoch under one key are proof', () => {
  const hash = (n: number) => `0x${String(n).repeat(64)}` as const
  const checkpoint = {
    epoch: 4,
    mci: 10,
    unit: hash(1),
    stateRoot: hash(2),
    block: 7,
    blockHash: hash(5),
    timeMs: 1_000,
    nextCommittee: hash(3),
    rulesHash: hash(4),
  }
  const other = { ...checkpoint, stateRoot: hash(9) }
  const evidence = (second: typeof checkpoint): Evidence => ({
    kind: 'checkpoints',
    publicKey: a!.publicKey,
    first: { checkpoint, signature: signCheckpoint(checkpoint, NETWORK, a!.secret) },
    second: { checkpoint: second, signature: signCheckpoint(second, NETWORK, a!.secret) },
  })
  expect(check(evidence(other))).toMatchObject({ key: a!.address, epoch: 4 })
  expect(check(evidence(checkpoint))).toMatch(/one checkpoint/)
  expect(check(evidence({ ...other, epoch: 5 }))).toMatch(/different epochs/)
  const good = evidence(other)
  if (good.kind !== 'checkpoints') throw new Error('kind')
  expect(check({ ...good, second: { ...good.second, signature: good.first.signature } })).toMatch(/signature/)
})

test('bytes that are no evidence are read as none', () => {
  const bytes = encodeEvidence(pair(unitOf(5), twin(5)))
  const random = seeded(5)
  for (let i = 0; i < 500; i += 1) {
    const changed = bytes.slice(0, random() < 0.3 ? Math.floor(random() * bytes.length) : bytes.length)
    if (changed.length > 0) changed[Math.floor(random() * changed.length)]! ^= 1 << Math.floor(random() * 8)
    const read = decodeEvidence(changed)
    // A header with another bit has another id, so the signature over it is wrong.
    if (read !== undefined) expect(checkEvidence(read, context).status).toBe('invalid')
  }
})

test('evidence takes the stake through the contract, once', () => {
  const contract = createConsensusContract({ store: createMemoryContractStore() })
  const owner = `0x${'ab'.repeat(20)}` as Address
  contract.run((staking, effects) =>
    staking.register({ sender: owner, value: contract.params.minSelfBond, nowMs: 1 }, effects, {
      publicKey: a!.publicKey,
      possession: provePossession(a!.secret, owner),
      vrfKey: new Uint8Array(32),
      isogenyKey: new Uint8Array(),
      commissionBps: 0,
    }),
  )
  contract.endEpoch({ nowMs: 2 })
  const offence = check(pair(unitOf(5), twin(5)))
  if (typeof offence === 'string') throw new Error(offence)
  expect(contract.punish({ ...offence, reporter: b!.address }, 3)).toMatchObject({
    status: 'done',
    value: contract.params.minSelfBond,
  })
  expect(contract.punish({ ...offence, reporter: b!.address }, 3)).toMatchObject({ status: 'reverted' })
})

test('forks are found in the DAG, honest chains are not among them', () => {
  const forked = newDag()
  grow(forked, members, 4)
  const real = committeeOfKeys(members)
  expect(findForks(forked, real, 1, 4)).toEqual([])
  append(forked, twin(3))
  const [fork, ...rest] = findForks(forked, real, 1, 4)
  expect(rest).toEqual([])
  expect(fork).toMatchObject({ author: a!.address })
})

test('if more than a third signs twice and two nodes decide differently, the culprits are named', () => {
  const ABCD = names(4)
  const committee = committeeOf(4)
  const schedule = () => fixedSchedule((round) => (round === 2 ? [ABCD[3]!] : []))
  // C and D show A one history and B another.
  const common = parseDag('Round 1 : { * } Round 2 : { A -> [*], B -> [*], C -> [*], D -> [*], D2b -> [*] }', ABCD)
  parseDag(
    `Round 3 : { A -> [A2, C2, D2], C -> [A2, C2, D2], D -> [A2, C2, D2], B -> [B2, C2, D2b], C3b -> [B2, C2, D2b], D3b -> [B2, C2, D2b] }
     Round 4 : { A -> [A3, C3, D3], C -> [A3, C3, D3], D -> [A3, C3, D3], B -> [B3, C3b, D3b], C4b -> [B3, C3b, D3b], D4b -> [B3, C3b, D3b] }`,
    ABCD,
    common,
  )
  const viewOf = (seen: (id: string) => boolean): RoundDag => ({
    ...common,
    roundUnits: (round) => common.roundUnits(round).filter(seen),
    authorUnits: (author, round) => common.authorUnits(author, round).filter(seen),
  })
  const left = viewOf((id) => !id.endsWith('b') && !['B3', 'B4'].includes(id))
  const right = viewOf((id) => id.endsWith('b') || ['B3', 'B4', 'A2', 'B2', 'C2'].includes(id) || id.endsWith('1'))
  const [first] = createCommitter({ dag: left, committee, schedule: schedule() }).update()
  const [second] = createCommitter({ dag: right, committee, schedule: schedule() }).update()
  expect(first).toMatchObject({ outcome: 'commit', unit: 'D2' })
  expect(second).toMatchObject({ outcome: 'commit', unit: 'D2b' })
  const culprits = extractCulprits({ dag: common, committee, first: first!, second: second! })
  expect(culprits.forks.map(({ author }) => author)).toEqual(['C', 'D'])
  expect(culprits).toMatchObject({ stake: 2n, complete: true })
  try {
    extractCulprits({ dag: common, committee, first: first!, second: first! })
    expect.unreachable()
  } catch (error) {
    expect(isZposError(error, 'ZPOS_INVALID_ARGUMENT')).toBe(true)
  }
})
