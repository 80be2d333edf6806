import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Address,
  bytesToHex,
  createHeader,
  DagError,
  decodeHeader,
  decodePayload,
  decodeUnit,
  encodeHeader,
  encodePayload,
  encodeUnit,
  type Message,
  normalizeMessage,
  type Unit,
  type UnitHeader,
  type UnitId,
  unitId,
} from '../src/index.ts'
import { random } from './ledger.ts'

const runs = process.env.ZOS_LONG ? Number(process.env.ZOS_RUNS ?? 100_000) : 400
const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytesToHex(bytes) as UnitId)
const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => bytesToHex(bytes) as Address)
const count = fc.oneof(fc.nat(30), fc.constantFrom(23, 24, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1))
const keys = fc.option(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }), { nil: undefined })

const message: fc.Arbitrary<Message> = fc
  .record({
    kind: fc.oneof(fc.nat(12), fc.constantFrom(255, 256, 2 ** 32 - 1)),
    version: fc.nat(65535),
    body: fc.uint8Array({ maxLength: 300 }),
    reads: keys,
    writes: keys,
  })
  .map(({ reads, writes, ...rest }) =>
    normalizeMessage({ ...rest, ...(reads && { reads }), ...(writes && { writes }) }),
  )

const unit: fc.Arbitrary<Unit> = fc
  .record({
    networkId: fc.nat(2 ** 31 - 1),
    parents: fc.uniqueArray(id, { minLength: 1, maxLength: 16 }),
    timestampMs: count,
    mci: count,
    round: fc.option(fc.integer({ min: 1, max: 2 ** 31 - 1 }), { nil: undefined }),
    authors: fc.uniqueArray(address, { minLength: 1, maxLength: 4 }),
    messages: fc.array(message, { maxLength: 6 }),
    signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
  })
  .map(({ networkId, parents, timestampMs, mci, round, authors, messages, signature }) => {
    const header = createHeader(
      {
        networkId,
        parents,
        timestampMs,
        lastFinal: { mci, id: parents[0]! },
        validUntilMci: mci,
        ...(round !== undefined && { validator: { round, selfParent: parents.at(-1)! } }),
      },
      messages,
      round === undefined ? authors : authors.slice(0, 1),
    )
    const signatures = header.authors.map(() => ({ scheme: 1 as const, publicKey: signature.slice(0, 33), signature }))
    return { id: unitId(header), header, messages, signatures }
  })

/** A decoder and its encoder. */
type Codec<T> = readonly [decode: (bytes: Uint8Array) => T, encode: (value: T) => Uint8Array]

/** Either the decoder refuses with one of the documented codes, or the bytes are the only encoding of what it read. */
function refusedOrCanonical<T>(bytes: Uint8Array, [decode, encode]: Codec<T>): void {
  let value: T
  try {
    value = decode(bytes)
  } catch (error) {
    if (!(error instanceof DagError) || !['DAG_ENCODING', 'DAG_UNIT_INVALID'].includes(error.code)) throw error
    return
  }
  expect(bytesToHex(encode(value))).toBe(bytesToHex(bytes))
}

/** Small damage: bits flipped, bytes inserted, removed, repeated, or an integer written in a longer form. */
function damage(bytes: Uint8Array, next: () => number): Uint8Array {
  const list = [...bytes]
  const at = () => Math.floor(next() * list.length)
  for (let times = 1 + Math.floor(next() * 2); times > 0; times--) {
    const where = at()
    const kind = Math.floor(next() * 6)
    if (kind === 0) list[where]! ^= 1 << Math.floor(next() * 8)
    else if (kind === 1) list.splice(where, 0, Math.floor(next() * 256))
    else if (kind === 2) list.splice(where, 1)
    else if (kind === 3) list.splice(where, 0, ...list.slice(where, where + 43))
    else if (kind === 4) list[where] = Math.floor(next() * 256)
    else {
      const head = list[where]!
      if ((head & 31) < 24) list.splice(where, 1, (head & 0xe0) | 24, head & 31)
    }
  }
  return Uint8Array.from(list)
}

const unitCodec: Codec<Unit> = [decodeUnit, encodeUnit]
const headerCodec: Codec<UnitHeader> = [decodeHeader, encodeHeader]
const payloadCodec: Codec<readonly Message[]> = [decodePayload, encodePayload]

describe('the codec', () => {
  it('reads back every unit that it writes', () => {
    fc.assert(
      fc.property(unit, (value) => {
        const bytes = encodeUnit(value)
        expect(decodeUnit(bytes)).toEqual(value)
        expect(decodeHeader(encodeHeader(value.header))).toEqual(value.header)
      }),
      { numRuns: runs / 2 },
    )
  })

  it('accepts no second encoding of anything', () => {
    fc.assert(
      fc.property(unit, fc.nat(), (value, seed) => {
        const next = random(seed)
        const [header, payload, whole] = [encodeHeader(value.header), encodePayload(value.messages), encodeUnit(value)]
        for (let i = 0; i < 40; i++) {
          refusedOrCanonical(damage(header, next), headerCodec)
          refusedOrCanonical(damage(payload, next), payloadCodec)
          refusedOrCanonical(damage(whole, next), unitCodec)
        }
      }),
      { numRuns: runs / 4 },
    )
  })

  it('refuses keys that are not ascending and unique', () => {
    const payload = (keys: number[]) =>
      Uint8Array.of(0x81, 0x85, 1, 1, 0x40, 0x80, 0x80 + keys.length, ...keys.flatMap((key) => [0x41, key]))
    expect(decodePayload(payload([1, 2]))[0]!.writes).toEqual([Uint8Array.of(1), Uint8Array.of(2)])
    for (const keys of [
      [2, 1],
      [1, 1],
    ])
      expect(() => decodePayload(payload(keys))).toThrow(/ascending and unique/)
  })

  it('refuses a round beyond 2^31 − 1', () => {
    const parents = [`0x${'1'.repeat(64)}` as UnitId]
    const fields = { networkId: 1, parents, timestampMs: 0, lastFinal: { mci: 0, id: parents[0]! }, validUntilMci: 0 }
    const validator = { round: 2 ** 31 - 1, selfParent: parents[0]! }
    const bytes = encodeHeader(createHeader({ ...fields, validator }, [], [`0x${'2'.repeat(40)}` as Address]))
    expect(decodeHeader(bytes).validator!.round).toBe(2 ** 31 - 1)
    bytes[bytes.length - 4] = 0x80
    expect(() => decodeHeader(bytes)).toThrow(/at most 2147483647/)
  })

  it('refuses every truncation', () => {
    fc.assert(
      fc.property(unit, (value) => {
        const bytes = encodeUnit(value)
        for (let length = 0; length < bytes.length; length += 7) {
          expect(() => decodeUnit(bytes.subarray(0, length))).toThrow(DagError)
        }
      }),
      { numRuns: 20 },
    )
  })

  it('survives random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        refusedOrCanonical(bytes, unitCodec)
        refusedOrCanonical(bytes, headerCodec)
        refusedOrCanonical(bytes, payloadCodec)
      }),
      { numRuns: runs * 4 },
    )
  })

  it('does not trust a length that foreign bytes claim', () => {
    const claims = Uint8Array.of(0x83, 0x5a, 0xff, 0xff, 0xff, 0xff)
    expect(() => decodeUnit(claims)).toThrow(/at most/)
    expect(() => decodePayload(Uint8Array.of(0x9a, 0xff, 0xff, 0xff, 0xff))).toThrow(/at most/)
    expect(() => decodePayload(Uint8Array.of(0x9b, 0xff, 0, 0, 0, 0, 0, 0, 0))).toThrow(/below 2\^53/)
    expect(() => decodePayload(Uint8Array.of(0x9f, 0xff))).toThrow(/definite length/)
  })
})
