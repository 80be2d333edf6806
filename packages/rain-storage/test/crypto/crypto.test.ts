import { blake3 } from '@noble/hashes/blake3.js'
import { expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/content/bytes.ts'
import { createBlake3 } from '../../src/crypto/blake3.ts'
import { defaultCrypto } from '../../src/crypto/default.ts'
import { deriveKey, expand, extract } from '../../src/crypto/hkdf.ts'
import { keyPairOf, sharedSecret, unwrap, wrapFor } from '../../src/crypto/hpke.ts'
import { createNobleCrypto } from '../../src/crypto/noble.ts'
import { createWebCrypto } from '../../src/crypto/webcrypto.ts'

const hex = (text: string) => fromHex(text)!
const ports = [defaultCrypto(), createWebCrypto(globalThis.crypto), createNobleCrypto()]

it('chooses native code first, WebCrypto next, noble last', () => {
  expect(defaultCrypto().name).toBe('node')
  expect(defaultCrypto({ crypto: globalThis.crypto }).name).toBe('webcrypto')
  expect(defaultCrypto({}).name).toBe('noble')
})

it.each(ports)('$name gives the published results', async (port) => {
  // FIPS 180-4 "abc"; RFC 4231 case 2; RFC 5869 case 1; NIST GCM test case 16 (AES-256)
  expect(toHex(await port.sha256(new TextEncoder().encode('abc')))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
  expect(toHex(await port.sha512(new TextEncoder().encode('abc'))).slice(0, 32)).toBe(
    'ddaf35a193617abacc417349ae204131',
  )
  expect(
    toHex(
      await port.hmacSha256(new TextEncoder().encode('Jefe'), new TextEncoder().encode('what do ya want for nothing?')),
    ),
  ).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
  const prk = await extract(port, hex('000102030405060708090a0b0c'), new Uint8Array(22).fill(0x0b))
  expect(toHex(await expand(port, prk, hex('f0f1f2f3f4f5f6f7f8f9'), 42))).toBe(
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  )
  const key = hex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308')
  const nonce = hex('cafebabefacedbaddecaf888')
  const plain = hex(
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
  )
  const associated = hex('feedfacedeadbeeffeedfacedeadbeefabaddad2')
  const sealed = await port.seal(key, nonce, plain, associated)
  expect(toHex(sealed)).toBe(
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
  )
  expect(await port.open(key, nonce, sealed, associated)).toEqual(plain)
  for (const length of [0, 60, 65_536, 200_001]) {
    const long = new Uint8Array(length).map((_, i) => i * 3)
    const sealing = port.startSeal(key, nonce, associated)
    const piece = new Uint8Array(7000)
    const parts: Uint8Array[] = []
    for (let at = 0; at < length; at += piece.length) {
      const some = long.subarray(at, at + piece.length)
      piece.set(some)
      parts.push(sealing.push(piece.subarray(0, some.length)).slice())
    }
    const target = Buffer.concat([...parts, await sealing.end()])
    expect(Buffer.compare(target, await port.seal(key, nonce, long, associated))).toBe(0)
    expect(Buffer.compare((await port.open(key, nonce, target, associated))!, long)).toBe(0)
    for (const into of [new Uint8Array(length), new Uint8Array(Math.max(0, length - 1))])
      expect(Buffer.compare((await port.open(key, nonce, target, associated, into))!, long)).toBe(0)
    const broken = new Uint8Array(target)
    broken[length]! ^= 1 // the tag
    const into = new Uint8Array(length)
    expect(await port.open(key, nonce, broken, associated, into)).toBeUndefined()
    expect(into.every((byte) => byte === 0)).toBe(true)
    const place = new Uint8Array(target)
    expect(Buffer.compare((await port.open(key, nonce, place, associated, place))!, long)).toBe(0)
  }
  expect(await port.open(key, nonce, sealed, new Uint8Array(0))).toBeUndefined()
  sealed[3]! ^= 1
  expect(await port.open(key, nonce, sealed, associated)).toBeUndefined()
  expect(await port.open(key, nonce, new Uint8Array(3), associated)).toBeUndefined()
  expect(port.randomBytes(100_000)).toHaveLength(100_000)
  expect(toHex(port.randomBytes(32))).not.toBe(toHex(port.randomBytes(32)))
})

it('node gives the memory of ciphertext back when the next is made', () => {
  const sealing = ports[0]!.startSeal(new Uint8Array(32), new Uint8Array(12), new Uint8Array(0))
  const first = sealing.push(new Uint8Array(100_000))
  expect(first).toHaveLength(100_000)
  const second = sealing.push(new Uint8Array(10))
  expect(first).toHaveLength(0)
  expect(second).toHaveLength(10)
  sealing.end()
  expect(second).toHaveLength(0)
})

it('hashes by BLAKE3 as another implementation does, at every boundary of block, chunk, group and level', () => {
  const plain = createBlake3(true)
  const fast = createBlake3()
  const message = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7 + (i >> 8)) & 255)
  // chunks of 1024 bytes, four at a time; strips of 32 KiB
  const lengths = [0, 1, 63, 64, 65, 1023, 1024, 1025, 2048, 2049, 3072, 4095, 4096, 4097, 5120, 8192, 9217, 31_744]
  for (const length of [...lengths, 32_767, 32_768, 32_769, 33_792, 65_536, 70_000]) {
    const bytes = message.subarray(0, length)
    const expected = blake3(bytes)
    expect(fast.hash(bytes), `${length} bytes`).toEqual(expected)
    expect(plain.hash(bytes), `${length} bytes in TypeScript`).toEqual(expected)
    expect(fast.levels(bytes).map(toHex)).toEqual(plain.levels(bytes).map(toHex))
  }
  // BLAKE3-team/BLAKE3 test_vectors.json, input_len 0 and 3
  expect(toHex(fast.hash(new Uint8Array(0)))).toBe('af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262')
  expect(toHex(fast.hash(Uint8Array.of(0, 1, 2)))).toBe(
    'e1be4d7a8ab5560aa4199eea339849ba8e293d55ca0a81006726d184519e647f',
  )
})

it('derives the KEM secret of RFC 9180 A.1.1', async () => {
  const receiver = keyPairOf(hex('4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8'))
  expect(toHex(receiver.publicKey)).toBe('3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d')
  const sender = keyPairOf(hex('52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736'))
  const secret = await sharedSecret(
    ports[0]!,
    receiver.secretKey,
    sender.publicKey,
    sender.publicKey,
    receiver.publicKey,
  )
  expect(toHex(secret)).toBe('fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc')
})

it.each(ports)('$name wraps keys for one reader and nobody else', async (port) => {
  const reader = keyPairOf(port.randomBytes(32))
  const other = keyPairOf(port.randomBytes(32))
  const info = new TextEncoder().encode('info')
  const wrapped = await wrapFor(port, reader.publicKey, new Uint8Array(32).fill(7), info)
  expect(await unwrap(ports[0]!, reader, wrapped, info)).toEqual(new Uint8Array(32).fill(7))
  for (const [who, bytes, about] of [
    [other, wrapped, info],
    [reader, wrapped, new Uint8Array(1)],
    [reader, wrapped.subarray(0, 40), info],
    [reader, wrapped.subarray(0, 3), info],
    [reader, new Uint8Array(80), info],
  ] as const) {
    await expect(unwrap(port, who, bytes, about)).rejects.toMatchObject({ code: 'STORAGE_UNAUTHENTIC' })
  }
})

it('refuses to stretch a key too far', async () => {
  await expect(deriveKey(ports[0]!, new Uint8Array(32), 'x', 9000)).rejects.toMatchObject({
    code: 'STORAGE_INVALID_ARGUMENT',
  })
})
