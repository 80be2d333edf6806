import { afterEach, describe, expect, it } from 'vitest'
import { isIsogenyError } from '../src/errors.ts'
import { P324_3, P500_27, P664_17 } from '../src/params.ts'
import { setBackend, sqisign1, sqisign3, sqisign5 } from '../src/sqisign.verify.ts'
import { integerToBytes } from '../src/verify/codec.ts'
import { knownAnswers } from './kat.ts'
import { seededIntegers } from './seeded.ts'

afterEach(() => setBackend('auto'))

const long = Boolean(process.env.ZOS_LONG)
const seed = Number(process.env.ZOS_SEED ?? 3)

describe.each([
  [P324_3, sqisign1, 1],
  [P500_27, sqisign3, 9],
  [P664_17, sqisign5, 17],
] as const)('malformed input at SQIsign_$name', (set, verifier, step) => {
  const [v, w] = knownAnswers(set.name)
  const { signature, message, publicKey } = v!
  const valid = (): boolean => verifier.verify(signature, message, publicKey)
  const withSignature = (change: (s: Uint8Array) => void): boolean => {
    const s = signature.slice()
    change(s)
    return verifier.verify(s, message, publicKey)
  }
  const n = set.fpBytes
  const matrixAt = 2 * n
  const entries = [0, 1, 2, 3].map((j) => matrixAt + j * set.responseBytes)
  const challengeAt = matrixAt + 4 * set.responseBytes

  /** Bits 2^e and 2^(e + 1) of a matrix entry move the kernel generators by points of order 4, not the kernel. */
  const isMalleable = (at: number, bit: number): boolean =>
    entries.some((start) => (8 * (at - start) + Math.log2(bit) - set.responseBits) >>> 1 === 0)

  it('a change of any byte of the signature is rejected, but for the bits that are known to be malleable', {
    timeout: 120_000,
  }, () => {
    for (let at = 0; at < signature.length; at += long ? 1 : step)
      for (const bit of long ? [1, 2, 4, 8, 16, 32, 64, 128] : [1 << (at % 8)])
        if (!isMalleable(at, bit))
          expect(
            withSignature((s) => {
              s[at]! ^= bit
            }),
            `byte ${at}, bit ${bit}`,
          ).toBe(false)
    expect(valid()).toBe(true)
  })

  it('is not strongly unforgeable: a second signature of the same message follows from the first', () => {
    const top = set.responseBits + 1
    expect(
      withSignature((s) => {
        s[entries[3]! + (top >> 3)]! ^= 1 << (top & 7)
      }),
    ).toBe(true)
  })

  it('a change of any byte of the key or the message is rejected', { timeout: 120_000 }, () => {
    for (let at = 0; at < publicKey.length; at += long ? 1 : step) {
      const key = publicKey.slice()
      key[at]! ^= 1 << (at % 8)
      expect(verifier.verify(signature, message, key), `byte ${at}`).toBe(false)
    }
    for (let at = 0; at < message.length; at += 4 * step) {
      const m = message.slice()
      m[at]! ^= 1
      expect(verifier.verify(signature, m, publicKey)).toBe(false)
    }
    expect(verifier.verify(signature, message, w!.publicKey)).toBe(false)
  })

  it('wrong lengths are rejected, shorter and longer', () => {
    for (let d = -64; d <= 64; d++) {
      if (d === 0) continue
      const s = new Uint8Array(signature.length + d)
      s.set(signature.subarray(0, s.length))
      expect(verifier.verify(s, message, publicKey)).toBe(false)
      const k = new Uint8Array(publicKey.length + d)
      k.set(publicKey.subarray(0, k.length))
      expect(verifier.verify(signature, message, k)).toBe(false)
    }
    expect(verifier.verify(new Uint8Array(0), message, publicKey)).toBe(false)
  })

  it('constant signatures and keys are rejected, also right after a valid one', () => {
    for (const fill of [0, 1, 0x7f, 0x80, 0xff]) {
      expect(valid()).toBe(true)
      expect(verifier.verify(new Uint8Array(signature.length).fill(fill), message, publicKey)).toBe(false)
      expect(verifier.verify(signature, message, new Uint8Array(publicKey.length).fill(fill))).toBe(false)
    }
  })

  it('field elements that are not below p are rejected, even when they are congruent to the right ones', () => {
    const limit = 1n << BigInt(8 * n)
    for (const part of [0, n]) {
      const value = BigInt(
        `0x${Buffer.from(signature.slice(part, part + n))
          .reverse()
          .toString('hex')}`,
      )
      for (const bad of [set.p, set.p + 1n, limit - 1n, value + set.p]) {
        if (bad >= limit) continue
        expect(withSignature((s) => s.set(integerToBytes(bad, n), part))).toBe(false)
      }
      const key = publicKey.slice()
      key.set(integerToBytes(set.p, n), part)
      expect(verifier.validatePublicKey(key)).toBe(false)
    }
  })

  it('the negated matrix, entries out of range and even determinants are rejected', () => {
    const m = 1n << BigInt(set.responseBits + 2)
    const read = (at: number): bigint =>
      BigInt(
        `0x${Buffer.from(signature.slice(at, at + set.responseBytes))
          .reverse()
          .toString('hex')}`,
      )
    const put = (s: Uint8Array, at: number, value: bigint): void => s.set(integerToBytes(value, set.responseBytes), at)
    expect(
      withSignature((s) => {
        for (const at of entries) put(s, at, (m - read(at)) % m)
      }),
    ).toBe(false)
    for (const at of entries) {
      expect(withSignature((s) => put(s, at, m))).toBe(false)
      expect(withSignature((s) => put(s, at, 0n))).toBe(false)
      expect(withSignature((s) => put(s, at, m >> 1n))).toBe(false)
      if (read(at) + m < 1n << BigInt(8 * set.responseBytes))
        expect(withSignature((s) => put(s, at, read(at) + m))).toBe(false)
    }
    expect(
      withSignature((s) => {
        for (const at of entries) put(s, at, 0n)
      }),
    ).toBe(false)
    expect(
      withSignature((s) => {
        for (const at of entries) put(s, at, 2n)
      }),
    ).toBe(false)
    expect(
      withSignature((s) => {
        put(s, entries[2]!, read(entries[0]!))
        put(s, entries[3]!, read(entries[1]!))
      }),
    ).toBe(false)
    expect(withSignature((s) => s.fill(0, challengeAt, challengeAt + set.challengeBits / 8))).toBe(false)
  })

  it('every hint is answered, and the wrong ones rejected', { timeout: 120_000 }, () => {
    const hints = long ? Array.from({ length: 256 }, (_, h) => h) : [0, 1, 2, 3, 127, 128, 254, 255]
    for (const h of hints)
      for (const back of [1, 2])
        if (signature[signature.length - back] !== h)
          expect(
            withSignature((s) => {
              s[s.length - back] = h
            }),
          ).toBe(false)
    for (const h of [0, 1, 255]) {
      const key = publicKey.slice()
      key[key.length - 1] = h
      if (h !== publicKey.at(-1)) expect(verifier.verify(signature, message, key)).toBe(false)
    }
  })

  it('special and ordinary curves are rejected', () => {
    const curves: [bigint, bigint][] = [
      [0n, 0n],
      [2n, 0n],
      [set.p - 2n, 0n],
      [1n, 0n],
      [6n, 0n],
      [0n, 1n],
      [12345n, 6789n],
    ]
    for (const [re, im] of curves) {
      const A = Uint8Array.from([...integerToBytes(re, n), ...integerToBytes(im, n)])
      expect(
        withSignature((s) => s.set(A)),
        `A_aux = ${re} + ${im}i`,
      ).toBe(false)
      const key = publicKey.slice()
      key.set(A)
      expect(verifier.verify(signature, message, key), `A = ${re} + ${im}i`).toBe(false)
    }
    for (const re of [2n, set.p - 2n]) {
      const key = publicKey.slice()
      key.set(integerToBytes(re, n))
      key.fill(0, n, 2 * n)
      expect(verifier.validatePublicKey(key)).toBe(false)
      expect(() => verifier.prepare(key)).toThrow(/malformed or singular/)
    }
  })

  it('random bytes and random canonical fields never throw, never hang, never verify', { timeout: 240_000 }, () => {
    const next = seededIntegers(seed)
    const rounds = long ? 3000 : step === 1 ? 60 : 15
    for (let j = 0; j < rounds; j++) {
      const s = signature.slice()
      if (j % 3 === 0) for (let k = 0; k < s.length; k++) s[k] = Number(next(256n))
      else {
        if (j % 2) s.set([...integerToBytes(next(set.p), n), ...integerToBytes(next(set.p), n)])
        for (const at of entries) s.set(integerToBytes(next(1n << BigInt(set.responseBits + 1)), set.responseBytes), at)
        s[s.length - 1] = Number(next(256n))
        s[s.length - 2] = Number(next(256n))
      }
      expect(verifier.verify(s, message, publicKey), `seed ${seed}, round ${j}`).toBe(false)
    }
    expect(valid()).toBe(true)
  })
})

describe('both backends reject alike', () => {
  it('on a sample of damaged signatures', () => {
    const { signature, message, publicKey } = knownAnswers('p324_3')[0]!
    for (let at = 0; at < signature.length; at += 23) {
      const s = signature.slice()
      s[at]! ^= 4
      for (const backend of ['wasm', 'bigint'] as const) {
        setBackend(backend)
        expect(sqisign1.verify(s, message, publicKey)).toBe(false)
      }
    }
  })
})

describe('what is not bytes throws', () => {
  it('with a code', () => {
    const { signature, message, publicKey } = knownAnswers('p324_3')[0]!
    const code = (run: () => unknown): boolean => {
      try {
        run()
      } catch (error) {
        return isIsogenyError(error, 'ISOGENY_INVALID_ARGUMENT')
      }
      return false
    }
    expect(code(() => sqisign1.verify('x' as never, message, publicKey))).toBe(true)
    expect(code(() => sqisign1.verify(signature, [1] as never, publicKey))).toBe(true)
    expect(code(() => sqisign1.verify(signature, message, undefined as never))).toBe(true)
    expect(code(() => sqisign1.verify(signature, message, publicKey, { context: message } as never))).toBe(true)
    expect(code(() => sqisign1.verifyBatch([{ signature, message, publicKey: 1 as never }]))).toBe(true)
    expect(code(() => setBackend('gpu' as never))).toBe(true)
  })
})

describe('without WebAssembly', () => {
  it('auto falls back to BigInt, and asking for WebAssembly says why it cannot be', async () => {
    const { engineOf } = await import('../src/field/backend.ts')
    const own = { ...P324_3, name: 'p324_3-csp' as never }
    const original = globalThis.WebAssembly
    try {
      Object.defineProperty(globalThis, 'WebAssembly', { value: undefined, configurable: true, writable: true })
      expect(engineOf(own).kind).toBe('bigint')
      setBackend('wasm')
      expect(() => engineOf(own)).toThrow(/no WebAssembly/)
      const refuse = {
        Module: class {
          constructor() {
            throw new Error('unsafe-eval')
          }
        },
      }
      Object.defineProperty(globalThis, 'WebAssembly', { value: refuse, configurable: true, writable: true })
      expect(() => engineOf(own)).toThrow(/does not compile/)
    } finally {
      Object.defineProperty(globalThis, 'WebAssembly', { value: original, configurable: true, writable: true })
    }
  })
})
