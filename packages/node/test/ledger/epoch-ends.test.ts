import { expect, it } from 'vitest'
import type { Committees } from '../../src/ledger/committees.ts'
import { EpochEnds } from '../../src/ledger/epoch-ends.ts'
import type { CommittedLeader } from '../../src/ledger/ledger.ts'

const leader = (number: number, endsEpoch = false) => ({ number, epoch: 3, endsEpoch }) as CommittedLeader

function followed() {
  const elected = new Set<number>()
  const told: number[] = []
  const ends = new EpochEnds({
    committees: { of: (epoch: number) => (elected.has(epoch) ? {} : undefined) } as unknown as Committees,
    checkpoints: { committed: ({ number }) => void told.push(number) },
  })
  return { ends, elected, told }
}

it('the checkpoint of an epoch waits until the committee that it names is elected', () => {
  const { ends, elected, told } = followed()
  ends.committed(leader(7))
  ends.committed(leader(8, true))
  ends.executed(7)
  expect(told).toEqual([7])
  elected.add(4)
  ends.executed(8)
  ends.executed(9)
  expect(told).toEqual([7, 8])
})

it('where that committee is known the checkpoint is made at once', () => {
  const { ends, elected, told } = followed()
  elected.add(4)
  ends.committed(leader(8, true))
  expect(told).toEqual([8])
})

it('an epoch ends with its last block, once', () => {
  const { ends } = followed()
  ends.expect(leader(7))
  ends.expect(leader(8, true))
  expect([7, 8, 8].map((block) => ends.executed(block))).toEqual([undefined, 3, undefined])
})
