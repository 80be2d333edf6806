import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MESSAGES, PacketV2 } from '../../src/core/messages.ts'
import { isHubError } from '../../src/errors.ts'
import { decodeCommitmentProof, encodeCommitmentProof } from '../../src/ics23/codec.ts'
import { iavlSpec } from '../../src/ics23/specs.ts'
import { verifyMembership } from '../../src/ics23/verify.ts'
import { decodeTransfer, ENCODINGS, encodeTransfer } from '../../src/transfer/packet-data.ts'

const seed = Number(process.env.ZOS_SEED ?? 20261123)
const bytes = fc.uint8Array({ maxLength: 64 })
const op = fc.record({ hash: fc.nat(9), prefix: bytes, suffix: bytes })
const existence = fc.record({
  key: bytes,
  value: bytes,
  leaf: fc.record({
    hash: fc.nat(9),
    prehashKey: fc.nat(9),
    prehashValue: fc.nat(9),
    length: fc.nat(8),
    prefix: bytes,
  }),
  path: fc.array(op, { maxLength: 5 }),
})

it('any proof survives its encoding, and random bytes never make the verifier throw', () => {
  fc.assert(
    fc.property(existence, (exist) => {
      const proof = { kind: 'exist' as const, exist }
      expect(decodeCommitmentProof(encodeCommitmentProof(proof))).toEqual(proof)
    }),
    { seed },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), bytes, bytes, (proof, key, value) => {
      expect(verifyMembership(iavlSpec, new Uint8Array(32).fill(1), proof, key, value).status).toBe('invalid')
    }),
    { seed, numRuns: 500 },
  )
})

it('whatever a message decoder takes has no second encoding', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(MESSAGES)), fc.uint8Array({ maxLength: 60 }), (codec, raw) => {
      try {
        const value = codec.decode(raw)
        expect(codec.decode(codec.encode(value as never))).toEqual(value)
      } catch (error) {
        if (!isHubError(error, 'HUB_DECODE')) throw error
      }
    }),
    { seed, numRuns: 2000 },
  )
  const payload = fc.record({
    sourcePort: fc.string(),
    destinationPort: fc.string(),
    version: fc.string(),
    encoding: fc.string(),
    value: fc.uint8Array({ maxLength: 400 }),
  })
  const packet = fc.record({
    sequence: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    sourceClient: fc.string(),
    destinationClient: fc.string(),
    timeoutTimestamp: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    payloads: fc.array(payload, { maxLength: 3 }),
  })
  fc.assert(
    fc.property(packet, (value) => {
      expect(PacketV2.decode(PacketV2.encode(value))).toEqual(value)
    }),
    { seed },
  )
})

it('transfer data survives each encoding', () => {
  const text = fc.string({ minLength: 1, maxLength: 40 }).filter((t) => t.trim() !== '')
  const data = fc.record({
    denom: text,
    amount: fc.bigInt({ min: 1n, max: 2n ** 256n - 1n }),
    sender: text,
    receiver: text,
    memo: fc.string({ maxLength: 80 }),
  })
  fc.assert(
    fc.property(data, fc.constantFrom(...Object.values(ENCODINGS)), (value, encoding) => {
      expect(decodeTransfer(encodeTransfer(value, encoding), encoding)).toEqual(value)
    }),
    { seed },
  )
})
