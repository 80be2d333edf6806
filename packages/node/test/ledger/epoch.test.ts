/** An epoch over real, signed units: who leads, and what the seeds of its terms are made of. */
import { createUnit, type Message, type Signer, signerFromPrivateKey, type Unit, type UnitId } from '@zos/dag'
import { createCommittee, createProposer, termSeed, vrfInput, vrfProve, vrfPublicKey } from '@zos/zpos'
import { beforeAll, expect, test } from 'vitest'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'
import { type Epoch, openEpoch } from '../../src/ledger/epoch.ts'
import { createGenesisUnit } from '../../src/ledger/genesis-unit.ts'
import { HeaderCache } from '../../src/ledger/header-cache.ts'
import { TicketIndex } from '../../src/lottery/ticket-index.ts'
import { VrfIndex } from '../../src/lottery/vrf-index.ts'
import { vrfMessage, vrfProofOf } from '../../src/lottery/vrf-message.ts'
import { VrfOutputs } from '../../src/lottery/vrf-outputs.ts'
import { VrfProver } from '../../src/lottery/vrf-prover.ts'
import { createMemoryStore, type KeyValueStore } from '../../src/store/kv.ts'

const secrets = [1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte))
const signers = secrets.map((secret) => signerFromPrivateKey(secret))
const TERM_ROUNDS = 4
const onFault = (error: unknown) => {
  throw error
}
let genesis: Unit

beforeAll(async () => {
  genesis = await createGenesisUnit(devnetGenesis({ validators: 1, timestampMs: 0 }).genesis)
})

/** One node's view: an epoch, and what the ledger tells it of each unit. The fourth validator has no VRF key. */
function viewOf(store: KeyValueStore = createMemoryStore()) {
  const committee = createCommittee({
    epoch: 0,
    members: signers.map(({ address, publicKey }, index) => ({
      address,
      publicKey,
      stake: 1n,
      ...(index < 3 ? { vrfKey: vrfPublicKey(secrets[index]!) } : {}),
    })),
  })
  const proofs = new VrfIndex()
  const outputs = new VrfOutputs({ store, onFault })
  const epoch: Epoch = openEpoch(
    {
      number: 0,
      unit: { id: genesis.id, header: genesis.header },
      height: 0,
      mci: 0,
      block: 0,
      members: committee.members,
      chain: { size: 1, peaks: [genesis.id] },
    },
    genesis,
    new HeaderCache(() => genesis.header),
    { termRounds: TERM_ROUNDS, tickets: new TicketIndex(), hash: (data) => data.slice(0, 32), proofs, outputs },
  )
  const add = (unit: Unit) => {
    expect(epoch.dag.append(unit).status).toBe('added')
    proofs.add(unit)
    return unit
  }
  const prover = (index: number) =>
    new VrfProver({ index: proofs, outputs, self: { address: signers[index]!.address, secretKey: secrets[index]! } })
  return { epoch, add, outputs, prover, proofs }
}

type View = ReturnType<typeof viewOf>

const unitOf = ({ epoch }: View, signer: Signer, messages: Message[] = [], timestampMs = 0) => {
  const { round, selfParent, parents } = createProposer({
    dag: epoch.dag,
    committee: epoch.committee,
    self: signer.address,
    base: epoch.base,
  }).next()!
  return createUnit({
    networkId: genesis.header.networkId,
    parents,
    timestampMs,
    lastFinal: { mci: 0, id: genesis.id },
    validUntilMci: 1_000,
    validator: { round, selfParent },
    messages,
    signers: [signer],
  })
}

/** A round of everybody; `extra` adds to what one of them makes. Returns the units, in the order of the validators. */
async function round(
  view: View,
  extra: (index: number) => Message[] = () => [],
  twice: (index: number) => boolean = () => false,
): Promise<Unit[]> {
  const made = await Promise.all(signers.map((signer, index) => unitOf(view, signer, extra(index))))
  const second = await Promise.all(
    signers.map((signer, index) => (twice(index) ? unitOf(view, signer, [], 7) : undefined)),
  )
  for (const unit of [...made, ...second]) if (unit) view.add(unit)
  return made
}

test('who made two units of one round leads no more in the term, once a committed leader has both in its past', async () => {
  const [view, honest] = [viewOf(), viewOf()]
  const guilty = signers.findIndex(({ address }) => address === view.epoch.schedule.term().ranking[1])
  // Proposers take the second unit along two rounds later: the leader of round 4 is the first to have both in its past.
  for (let at = 1; at <= 4; at++) {
    await round(view, undefined, (index) => at === 1 && index === guilty)
    await round(honest)
  }
  for (const { epoch } of [view, honest]) {
    expect(epoch.committer.update()).toMatchObject([{ round: 2, outcome: 'commit' }])
    expect(epoch.schedule.term().demoted).toEqual([])
  }
  for (let at = 5; at <= 6; at++) for (const each of [view, honest]) await round(each)
  for (const { epoch } of [view, honest])
    expect(epoch.committer.update()).toMatchObject([{ round: 4, outcome: 'commit' }])
  expect(view.epoch.schedule.term().demoted).toEqual([signers[guilty]!.address])
  expect(honest.epoch.schedule.term().demoted).toEqual([])
})

/** Runs until term `number`; validators prove their outputs as nodes do, but for what `tamper` makes of them. */
async function runTo(view: View, number: number, tamper: (message: Message, index: number) => Message = (m) => m) {
  const provers = [0, 1, 2, 3].map((index) => view.prover(index))
  const ends: { term: number; seed: Uint8Array; endedBy: UnitId }[] = []
  const units: Unit[] = []
  while (view.epoch.schedule.term().number < number) {
    const { number: term } = view.epoch.schedule.term()
    units.push(
      ...(await round(view, (index) => {
        const proof = provers[index]!.take(view.epoch)
        return proof ? [tamper(vrfMessage(proof), index)] : []
      })),
    )
    for (const prover of provers) prover.update(view.epoch)
    view.epoch.committer.update()
    const after = view.epoch.schedule.term()
    if (after.number > term) ends.push({ term, seed: view.epoch.schedule.seedOf(term)!, endedBy: after.endedBy! })
  }
  return { ends, units }
}

test('the seed of a term mixes the VRF outputs that lie in the past of the leader that ended the term before last, one a validator', async () => {
  const view = viewOf()
  const { ends, units } = await runTo(view, 3)
  const carried = units.filter((unit) => vrfProofOf(unit))
  expect(carried.map(({ header }) => header.authors[0])).not.toContain(signers[3]!.address)
  for (const { term, seed, endedBy } of ends) {
    const outputs = secrets.slice(0, 3).map((secret) => vrfProve(secret, vrfInput(term, seed)).output)
    expect(view.epoch.schedule.seedOf(term + 2)).toEqual(termSeed(term + 2, endedBy, outputs))
    expect(view.epoch.schedule.seedOf(term + 2)).not.toEqual(termSeed(term + 2, endedBy, []))
  }
  // Each proof was checked once, and not when the term ended.
  expect(view.outputs.checked).toBe(carried.length)
})

test('a proof that does not hold counts for nothing, and a second one of its author neither', async () => {
  const view = viewOf()
  const { ends } = await runTo(view, 1, (message, index) => {
    if (index !== 1) return message
    const body = message.body.slice()
    body[20]! ^= 1
    return { ...message, body }
  })
  const [{ seed, endedBy }] = ends as [(typeof ends)[0]]
  const honest = [secrets[0]!, secrets[2]!].map((secret) => vrfProve(secret, vrfInput(0, seed)).output)
  expect(view.epoch.schedule.seedOf(2)).toEqual(termSeed(2, endedBy, honest))
})

test('what was checked is not checked again after a restart', async () => {
  const store = createMemoryStore()
  const view = viewOf(store)
  const { units } = await runTo(view, 2)
  const again = viewOf(store)
  for (const unit of units) again.add(unit)
  again.epoch.committer.update()
  expect(again.epoch.schedule.term()).toEqual(view.epoch.schedule.term())
  expect(again.epoch.schedule.seedOf(3)).toEqual(view.epoch.schedule.seedOf(3))
  expect(again.outputs.checked).toBe(0)
  // And who proved its output before the restart does not prove it twice.
  const { number } = view.epoch.schedule.term()
  const proved = new Set(again.proofs.known(0, number).map(({ author }) => author))
  for (const index of [0, 1, 2])
    expect(again.prover(index).take(again.epoch) === undefined).toBe(proved.has(signers[index]!.address))
})
