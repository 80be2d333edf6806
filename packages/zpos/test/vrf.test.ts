import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { expect, test } from 'vitest'
import { vrfProve, vrfPublicKey, vrfVerify } from '../src/index.ts'
import { seeded } from './support/network.ts'

/** RFC 9381, appendix B.3, examples 16 to 18. */
const EXAMPLES = [
  {
    secret: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    public: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    alpha: '',
    proof:
      '8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d9727d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805',
    output:
      '90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff66b71dda49d2de59d03450451af026798e8f81cd2e333de5cdf4f3e140fdd8ae',
  },
  {
    secret: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    public: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    alpha: '72',
    proof:
      'f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed5933bf0864a62558b3ed7f2fea45c92a465301b3bbf5e3e54ddf2d935be3b67926da3ef39226bbc355bdc9850112c8f4b02',
    output:
      'eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb5e33821bc613efb94db5e5b54c70a848a0bef4553a41befc57663b56373a5031',
  },
  {
    secret: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    public: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    alpha: 'af82',
    proof:
      '9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf8096bb474e53895c362d8628ee9f9ea3c0e52c7a5c691b6c18c9979866568add7a2d41b00b05081ed0f58ee5e31b3a970e',
    output:
      '645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c452118fec1219202a0edcf038bb6373241578be7217ba85a2687f7a0310b2df19f',
  },
]

test.each(EXAMPLES)('RFC 9381 example with alpha "$alpha"', (example) => {
  const secret = hexToBytes(example.secret)
  expect(bytesToHex(vrfPublicKey(secret))).toBe(example.public)
  const { proof, output } = vrfProve(secret, hexToBytes(example.alpha))
  expect(bytesToHex(proof)).toBe(example.proof)
  expect(bytesToHex(output)).toBe(example.output)
  expect(bytesToHex(vrfVerify(hexToBytes(example.public), hexToBytes(example.alpha), proof)!)).toBe(example.output)
})

test('a proof with any bit changed, of another input or of another key proves nothing', () => {
  const [first, second] = EXAMPLES
  const key = hexToBytes(first!.public)
  const proof = hexToBytes(first!.proof)
  const random = seeded(9381)
  for (let i = 0; i < 40; i += 1) {
    const changed = proof.slice()
    changed[Math.floor(random() * 80)]! ^= 1 << Math.floor(random() * 8)
    expect(vrfVerify(key, new Uint8Array(), changed)).toBeUndefined()
  }
  expect(vrfVerify(key, Uint8Array.of(1), proof)).toBeUndefined()
  expect(vrfVerify(hexToBytes(second!.public), new Uint8Array(), proof)).toBeUndefined()
})

test('keys of small order, s not below the order, non-canonical points and wrong lengths are refused', () => {
  const { public: key, proof } = EXAMPLES[0]!
  const good = hexToBytes(proof)
  const s = good.slice(48).reduceRight((n, byte) => (n << 8n) | BigInt(byte), 0n) + ed25519.Point.Fn.ORDER
  const over = Uint8Array.of(
    ...good.subarray(0, 48),
    ...Array.from({ length: 32 }, (_, i) => Number((s >> BigInt(8 * i)) & 255n)),
  )
  expect(vrfVerify(hexToBytes(key), new Uint8Array(), over)).toBeUndefined()
  const small = [
    `01${'00'.repeat(31)}`,
    '00'.repeat(32),
    `ec${'ff'.repeat(30)}7f`,
    `ed${'ff'.repeat(30)}7f`,
    'ff'.repeat(32),
  ]
  for (const bad of small) {
    expect(vrfVerify(hexToBytes(bad), new Uint8Array(), good)).toBeUndefined()
    expect(
      vrfVerify(hexToBytes(key), new Uint8Array(), Uint8Array.of(...hexToBytes(bad), ...good.subarray(32))),
    ).toBeUndefined()
  }
  expect(vrfVerify(hexToBytes(key), new Uint8Array(), good.subarray(1))).toBeUndefined()
  expect(vrfVerify(hexToBytes(key).subarray(1), new Uint8Array(), good)).toBeUndefined()
})
