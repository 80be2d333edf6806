import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeRecord, decodeShare, encodeRecord, encodeShare } from '../../src/checkpoint/record.ts'

const hash = (n: number) => `0x${n.toString(16).padStart(64, '0')}` as const
const address = (n: number) => `0x${n.toString(16).padStart(40, '0')}` as const
const member = (n: number) => ({
  address: address(n),
  stake: BigInt(n) * 10n ** 20n,
  keys: [
    { scheme: 1, key: new Uint8Array(33).fill(n) },
    { scheme: 2, key: new Uint8Array(83).fill(n) },
  ],
})
const checkpoint = {
  epoch: 3,
  mci: 70,
  unit: hash(1),
  stateRoot: hash(2),
  block: 40,
  blockHash: hash(3),
  timeMs: 5_000,
  nextCommittee: hash(4),
  rulesHash: hash(5),
}
const share = {
  address: address(1),
  signatures: [
    { scheme: 1, signature: new Uint8Array(64).fill(9) },
    { scheme: 2, signature: new Uint8Array(200).fill(8) },
  ],
}
const record = {
  checkpoint,
  members: [member(1), member(2)],
  next: [member(2)],
  certificate: { checkpoint, shares: [share] },
  cosigned: new Map([['comet', new Map([[address(1), Uint8Array.of(1, 2, 3)]])]]),
}

test('a record and a share come back as they were', () => {
  expect(decodeRecord(encodeRecord(record))).toEqual(record)
  const open = { ...record, certificate: undefined, cosigned: new Map() }
  expect(decodeRecord(encodeRecord(open))).toEqual(open)
  const message = { checkpoint, share, cosigned: [['comet', Uint8Array.of(7)]] as [string, Uint8Array][] }
  expect(decodeShare(encodeShare(message))).toEqual(message)
})

test('foreign bytes are a value or nothing, never an exception', () => {
  const good = [encodeRecord(record), encodeShare({ checkpoint, share, cosigned: [] })]
  fc.assert(
    fc.property(
      fc.constantFrom(...good),
      fc.array(fc.tuple(fc.nat(2_000), fc.nat(255)), { maxLength: 4 }),
      fc.nat(2_000),
      (bytes, changes, cut) => {
        const changed = cut < bytes.length && cut % 3 === 0 ? bytes.slice(0, cut) : bytes.slice()
        for (const [at, value] of changes) if (at < changed.length) changed[at] = value
        decodeRecord(changed)
        decodeShare(changed)
      },
    ),
    { numRuns: 2_000 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      decodeRecord(bytes)
      decodeShare(bytes)
    }),
  )
})
