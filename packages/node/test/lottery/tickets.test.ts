import { createDag, createUnit, type Message, signerFromPrivateKey, type Unit, type UnitId } from '@zos/dag'
import { compareHashes, EPOCH_ROUNDS, searchTicket, type Ticket, ticketInput } from '@zos/zpos'
import { beforeAll, describe, expect, test } from 'vitest'
import { betMessage, betOf } from '../../src/ledger/bet-message.ts'
import { TicketHashes } from '../../src/lottery/ticket-hashes.ts'
import { TicketIndex } from '../../src/lottery/ticket-index.ts'
import { ticketMessage, ticketOf } from '../../src/lottery/ticket-message.ts'
import { createMemoryStore } from '../../src/store/kv.ts'

const signer = signerFromPrivateKey(new Uint8Array(32).fill(7))
const other = signerFromPrivateKey(new Uint8Array(32).fill(8))
const NO_ID = `0x${'00'.repeat(32)}` as UnitId
let genesis: Unit

beforeAll(async () => {
  genesis = await createUnit({
    networkId: 1,
    parents: [],
    timestampMs: 0,
    lastFinal: { mci: 0, id: NO_ID },
    validUntilMci: 0,
    messages: [],
    signers: [],
  })
})

const unitOf = (round: number, messages: Message[], parents: UnitId[] = [genesis.id], by = signer) =>
  createUnit({
    networkId: 1,
    parents,
    timestampMs: round,
    lastFinal: { mci: 0, id: genesis.id },
    validUntilMci: 100,
    validator: { round, selfParent: parents[0]! },
    messages,
    signers: [by],
  })

const ticket = (term: number, first: number): Ticket => ({
  term,
  candidate: signer.address,
  nonce: 2n ** 64n - 1n,
  hash: new Uint8Array(32).fill(first),
})

describe('a ticket in a unit', () => {
  test('comes back as it was, under the name of the author', async () => {
    expect(ticketOf(await unitOf(1, [ticketMessage(ticket(3, 1))]))).toEqual(ticket(3, 1))
    expect(ticketOf(await unitOf(1, [ticketMessage(ticket(3, 1))], undefined, other))!.candidate).toBe(other.address)
  })

  test('counts once a unit, and not at all with a wrong length', async () => {
    expect(ticketOf(await unitOf(1, [ticketMessage(ticket(1, 5)), ticketMessage(ticket(1, 1))]))).toEqual(ticket(1, 5))
    const short = { ...ticketMessage(ticket(1, 5)), body: new Uint8Array(47) }
    expect(ticketOf(await unitOf(1, [short]))).toBeUndefined()
  })
})

describe('a bet in a unit', () => {
  test('comes back as it was if its leader unit is a parent', async () => {
    const on = genesis.id
    expect(betOf(await unitOf(1, [betMessage({ on })]))).toEqual({ on })
    expect(betOf(await unitOf(1, [betMessage({ on, amount: 5n })]))).toEqual({ on, amount: 5n })
    expect(betOf(await unitOf(1, [betMessage({ on: NO_ID })]))).toBeUndefined()
    expect(betOf(await unitOf(1, []))).toBeUndefined()
  })
})

describe('the index of tickets', () => {
  test('gives those in the past of a unit and in it, by epoch and term', async () => {
    const dag = createDag({ genesis })
    const index = new TicketIndex()
    const add = (unit: Unit) => {
      dag.append(unit)
      index.add(unit)
      return unit
    }
    const a = add(await unitOf(1, [ticketMessage(ticket(1, 9))]))
    const side = add(await unitOf(1, [ticketMessage(ticket(1, 3))], [genesis.id], other))
    const b = add(await unitOf(2, [ticketMessage(ticket(1, 4))], [a.id]))
    add(await unitOf(3, [ticketMessage(ticket(2, 2))], [b.id]))
    add(await unitOf(EPOCH_ROUNDS + 1, [ticketMessage(ticket(1, 1))], [b.id]))
    const firsts = (epoch: number, term: number, unit: UnitId) =>
      [...index.inPast(dag, epoch, term, unit)].map((found) => found.ticket.hash[0])
    expect(firsts(0, 1, b.id)).toEqual([9, 4])
    expect(firsts(0, 1, a.id)).toEqual([9])
    expect(firsts(0, 1, side.id)).toEqual([3])
    expect(index.smallest(0, 1).map(({ hash }) => hash[0])).toEqual([4, 3])
    index.forget(0, 2)
    expect([index.smallest(0, 1), index.smallest(0, 2).length]).toEqual([[], 1])
    index.forget(1, 0)
    expect([index.smallest(0, 2), index.smallest(1, 1).length]).toEqual([[], 1])
  })
})

test('a hash is computed once, also across a restart', () => {
  const store = createMemoryStore()
  const make = () =>
    new TicketHashes({
      store,
      compute: (data) => data.slice(0, 32).fill(1),
      onFault: (error) => {
        throw error
      },
    })
  const input = ticketInput(new Uint8Array(32), 1, signer.address, 5n)
  const first = make()
  const hash = first.hash(input)
  expect([first.hash(input), first.computed]).toEqual([hash, 1])
  const second = make()
  expect([second.hash(input), second.computed]).toEqual([hash, 0])
  const third = new TicketHashes({ store: createMemoryStore(), compute: () => hash, onFault: () => {} })
  const best = searchTicket({
    seed: new Uint8Array(32),
    term: 1,
    candidate: signer.address,
    start: 0n,
    count: 3,
    hash: third.hash,
  })!
  expect(compareHashes(best.hash, hash)).toBe(0)
  expect(third.computed).toBe(3)
})
