import {
  type Address,
  createUnit,
  encodeUnit,
  signerFromPrivateKey,
  type Unit,
  type UnitHeader,
  type UnitId,
} from '@zos/dag'
import { createCommittee } from '@zos/zpos'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'
import { genesisCommittee } from '../../src/genesis/genesis-committee.ts'
import { createGenesisUnit } from '../../src/ledger/genesis-unit.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { unitHash } from '../../src/ledger/unit-hash.ts'
import { MAX_AHEAD_MS, roundTime, timeBounds, timeWithin } from '../../src/ledger/unit-time.ts'
import { TicketIndex } from '../../src/lottery/ticket-index.ts'
import { VrfIndex } from '../../src/lottery/vrf-index.ts'
import { VrfOutputs } from '../../src/lottery/vrf-outputs.ts'
import { createMemoryStore } from '../../src/store/kv.ts'

const START_MS = 1_700_000_000_000
const address = (index: number) => `0x${index.toString(16).padStart(40, '0')}` as Address
const id = (index: number) => `0x${index.toString(16).padStart(64, '0')}` as UnitId

/** Units of round 1, one an author, with the given times and stakes. */
function round(units: readonly { timeMs: number; stake: bigint }[]) {
  const committee = createCommittee({
    epoch: 0,
    members: units.map(({ stake }, index) => ({ address: address(index), publicKey: new Uint8Array(33), stake })),
  })
  const header = (unit: UnitId): UnitHeader => {
    const index = Number(unit)
    return {
      timestampMs: units[index]!.timeMs,
      authors: [address(index)],
      parents: [],
      validator: { round: 1, selfParent: id(99) },
    } as unknown as UnitHeader
  }
  return { dag: { header }, committee, ids: units.map((_, index) => id(index)) }
}

describe('the time of a round', () => {
  test('lies between times of honest validators while less than a third of the stake lies', () => {
    const member = fc.record({
      timeMs: fc.integer({ min: 0, max: 1e6 }),
      stake: fc.bigInt({ min: 1n, max: 1000n }),
      honest: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(member, { minLength: 1, maxLength: 30 }), (members) => {
        const stakeOf = (some: typeof members) => some.reduce((sum, { stake }) => sum + stake, 0n)
        const honest = members.filter((one) => one.honest)
        // Parents hold more than two thirds, so liars hold less than half of them.
        fc.pre(2n * stakeOf(members.filter((one) => !one.honest)) < stakeOf(members))
        const { dag, committee, ids } = round(members)
        const time = roundTime(dag, committee, ids, 1)!
        const times = honest.map(({ timeMs }) => timeMs)
        expect(time).toBeGreaterThanOrEqual(Math.min(...times))
        expect(time).toBeLessThanOrEqual(Math.max(...times))
      }),
    )
  })

  test('counts stake and not heads', () => {
    const { dag, committee, ids } = round([
      { timeMs: 5, stake: 1n },
      { timeMs: 6, stake: 1n },
      { timeMs: 900, stake: 10n },
    ])
    expect(roundTime(dag, committee, ids, 1)).toBe(900)
  })

  test('is unknown where no unit is of the round', () => {
    const { dag, committee, ids } = round([{ timeMs: 5, stake: 1n }])
    expect(roundTime(dag, committee, ids, 7)).toBeUndefined()
  })
})

describe('a unit', () => {
  const { genesis, validatorKeys } = devnetGenesis({ validators: 1, timestampMs: START_MS })
  const signer = signerFromPrivateKey(validatorKeys[0]!.privateKey)

  async function openLedger() {
    const root = await createGenesisUnit(genesis)
    const committee = genesisCommittee(genesis)
    const ledger = await Ledger.open({
      store: createMemoryStore(),
      genesis: root,
      epochRounds: 100,
      committeeOf: () => committee,
      lottery: {
        termRounds: 15,
        tickets: new TicketIndex(),
        hash: () => new Uint8Array(32),
        proofs: new VrfIndex(),
        outputs: new VrfOutputs({ store: createMemoryStore(), onFault: () => {} }),
      },
      verifier: { verify: async (items) => items.map(() => true) },
    })
    const unit = (round: number, parent: Unit, timestampMs: number) =>
      createUnit(
        {
          networkId: genesis.chainId,
          parents: [parent.id],
          timestampMs,
          lastFinal: { mci: 0, id: root.id },
          validUntilMci: 100,
          validator: { round, selfParent: parent.id },
          messages: [],
          signers: [signer],
        },
        { hash: unitHash },
      )
    return { root, ledger, unit }
  }

  test('of the first round may claim any time after the genesis', async () => {
    const { root, ledger, unit } = await openLedger()
    expect(ledger.epoch.base.unit).toBe(root.id)
    expect(timeBounds(ledger.epoch, { round: 1, parents: [root.id] }).from).toBe(START_MS)
    const early = await unit(1, root, START_MS - 1)
    expect(await ledger.accept(encodeUnit(early), 'peer')).toMatchObject({ status: 'invalid' })
    const late = await unit(1, root, START_MS + 1e12)
    expect(await ledger.accept(encodeUnit(late), 'peer')).toMatchObject({ status: 'connected' })
  })

  test('that claims more than ten minutes beyond the round below is refused', async () => {
    const { root, ledger, unit } = await openLedger()
    const first = await unit(1, root, START_MS + 1_000)
    await ledger.accept(encodeUnit(first), 'peer')
    const [last, beyond, before] = await Promise.all(
      [MAX_AHEAD_MS, MAX_AHEAD_MS + 1, -1].map((step) => unit(2, first, START_MS + 1_000 + step)),
    )
    expect(await ledger.accept(encodeUnit(beyond!), 'peer')).toMatchObject({
      status: 'invalid',
      reason: expect.stringContaining('its time'),
    })
    expect(await ledger.accept(encodeUnit(before!), 'peer')).toMatchObject({ status: 'invalid' })
    expect(await ledger.accept(encodeUnit(last!), 'peer')).toMatchObject({ status: 'connected' })
  })

  test('of a validator whose clock is wrong carries the nearest time that is allowed', () => {
    expect(timeWithin({ from: 10, to: 20 }, 5)).toBe(10)
    expect(timeWithin({ from: 10, to: 20 }, 25)).toBe(20)
    expect(timeWithin({ from: 10, to: 20 }, 15.7)).toBe(15)
  })
})
