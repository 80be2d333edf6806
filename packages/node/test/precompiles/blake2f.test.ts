import { bytesToHex, hexToBytes } from '@ethereumjs/util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createBlake2bCompress } from '../../src/precompiles/blake2b.ts'
import { blake2bReference } from './blake2b-reference.ts'

/** State, block and counter of the vectors of EIP-152: "abc" in the state that BLAKE2b-512 begins with. */
const ABC = hexToBytes(
  `0x48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5d182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b${'616263'.padEnd(256, '0')}${'03'.padEnd(32, '0')}`,
)

test.each([
  [
    'vector 4',
    0,
    true,
    '08c9bcf367e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5d282e6ad7f520e511f6c3e2b8c68059b9442be0454267ce079217e1319cde05b',
  ],
  [
    'vector 5',
    12,
    true,
    'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923',
  ],
  [
    'vector 6',
    12,
    false,
    '75ab69d3190a562c51aef8d88f1c2775876944407270c42c9844252c26d2875298743e7f6d5ea2f2d3e8d226039cd31b4e426ac4f2d3d666a610c2116fde4735',
  ],
  [
    'vector 7',
    1,
    true,
    'b63a380cb2897d521994a85234ee2c181b5f844d2c624c002677e9703449d2fba551b3a8333bcdf5f2f7e08993d53923de3d64fcc68c034e717b9293fed7a421',
  ],
])('EIP-152, %s', (_, rounds, isFinal, expected) => {
  expect(bytesToHex(createBlake2bCompress()(rounds, ABC, isFinal))).toBe(`0x${expected}`)
  expect(bytesToHex(blake2bReference(rounds, ABC, isFinal))).toBe(`0x${expected}`)
})

test('the compression in WebAssembly does what RFC 7693 says, for any state and number of rounds', () => {
  const compress = createBlake2bCompress()
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 208, maxLength: 208 }),
      fc.integer({ min: 0, max: 60 }),
      fc.boolean(),
      (state, rounds, isFinal) => {
        const before = state.slice()
        expect(compress(rounds, state, isFinal)).toEqual(blake2bReference(rounds, state, isFinal))
        expect(state).toEqual(before)
      },
    ),
    { numRuns: 300 },
  )
})
