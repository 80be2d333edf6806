import { describe, expect, it } from 'vitest'
import { isIsogenyError } from '../src/errors.ts'
import { classicalEd25519, classicalSecp256k1, hybridSigner, hybridVerifier } from '../src/hybrid.ts'
import { nodeIdOf, SUITE_TAGS, signIdentity, verifyIdentity } from '../src/identity.ts'
import { sqisign1, sqisign3 } from '../src/sqisign.ts'
import { sqisign1 as verifyOnly1 } from '../src/sqisign.verify.ts'

const message = new TextEncoder().encode('checkpoint 12')
const seed = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, j) => (j * 7 + 1) & 255)

describe.each([
  [classicalEd25519, 115, 264],
  [classicalSecp256k1, 116, 264],
] as const)('hybrid with $name', (classical, keyLength, signatureLength) => {
  const scheme = hybridSigner(classical, sqisign1, 'zos/test')
  const { publicKey, secretKey } = scheme.keygen(seed(scheme.lengths.seed))
  const context = Uint8Array.of(1, 2, 3)
  const signature = scheme.sign(message, secretKey, { context, extraEntropy: false })

  it('has fixed lengths and verifies, also without quaternion code', () => {
    expect(publicKey.length).toBe(keyLength)
    expect(signature.length).toBe(signatureLength)
    expect(scheme.verify(signature, message, publicKey, { context })).toBe(true)
    expect(hybridVerifier(classical, verifyOnly1, 'zos/test').verify(signature, message, publicKey, { context })).toBe(
      true,
    )
    expect([...scheme.getPublicKey(secretKey)]).toEqual([...publicKey])
  })

  it('fails when either half, the context, the label or the message differs', () => {
    for (const at of [5, classical.lengths.signature + 5]) {
      const bad = signature.slice()
      bad[at]! ^= 1
      expect(scheme.verify(bad, message, publicKey, { context })).toBe(false)
    }
    expect(scheme.verify(signature, message, publicKey)).toBe(false)
    expect(hybridVerifier(classical, sqisign1, 'zos/other').verify(signature, message, publicKey, { context })).toBe(
      false,
    )
    expect(scheme.verify(signature, Uint8Array.of(0), publicKey, { context })).toBe(false)
    expect(scheme.verify(signature.subarray(1), message, publicKey, { context })).toBe(false)
    const other = scheme.keygen().publicKey
    const mixed = Uint8Array.from([
      ...publicKey.slice(0, classical.lengths.publicKey),
      ...other.slice(classical.lengths.publicKey),
    ])
    expect(scheme.verify(signature, message, mixed, { context })).toBe(false)
  })

  it('neither half is a signature of the bare message', () => {
    const n = classical.lengths.signature
    const k = classical.lengths.publicKey
    expect(classical.verify(signature.subarray(0, n), message, publicKey.subarray(0, k))).toBe(false)
    expect(sqisign1.verify(signature.subarray(n), message, publicKey.subarray(k))).toBe(false)
  })

  it('refuses bad options and keys', () => {
    expect(() => scheme.sign(message, secretKey.subarray(1))).toThrow(/secret key/)
    expect(() => scheme.keygen(seed(3))).toThrow(/seed/)
    expect(() => scheme.verify(signature, message, publicKey, { contxt: context } as never)).toThrow(/unknown option/)
    expect(() => scheme.sign(message, secretKey, { context: new Uint8Array(256) })).toThrow(/255/)
  })
})

describe('identity records', () => {
  const scheme = hybridSigner(classicalEd25519, sqisign1, 'zos/identity')
  const { publicKey, secretKey } = scheme.keygen(seed(scheme.lengths.seed))
  const networkId = seed(32)
  const identity = { networkId, sequence: 4n, notBefore: 1000n, notAfter: 2000n, payload: Uint8Array.of(9, 9) }
  const record = signIdentity(scheme, identity, secretKey, { extraEntropy: false })
  const reason = (r: Uint8Array, network = networkId, now = 1500n): string => {
    const v = verifyIdentity(scheme, r, network, now)
    return v.status === 'valid' ? 'valid' : v.reason
  }

  it('a record says what was signed and names the node by its key', () => {
    const v = verifyIdentity(scheme, record, networkId, 1500n)
    expect(v.status).toBe('valid')
    if (v.status !== 'valid') return
    expect(v.identity).toMatchObject({ sequence: 4n, notBefore: 1000n, notAfter: 2000n })
    expect([...v.identity.nodeId]).toEqual([...nodeIdOf(scheme, publicKey)])
    expect([...v.identity.payload]).toEqual([9, 9])
  })

  it('every reason for refusal is told', () => {
    expect(reason(record.subarray(1))).toBe('malformed')
    expect(reason(record.subarray(0, record.length - 1))).toBe('malformed')
    expect(reason(new Uint8Array(0))).toBe('malformed')
    expect(reason(record, seed(32).fill(1))).toBe('network')
    expect(reason(record, networkId, 999n)).toBe('not-yet-valid')
    expect(reason(record, networkId, 2001n)).toBe('expired')
    for (const at of [40, 70, 72, 100, 250, record.length - 9]) {
      const bad = record.slice()
      bad[at]! ^= 1
      expect(reason(bad)).toBe('signature')
    }
    const other = record.slice()
    other[6] = SUITE_TAGS['ed25519+SQIsign_p500_27']! & 0xff
    expect(reason(other)).toBe('suite')
  })

  it('the node id does not depend on the signature', () => {
    const again = signIdentity(scheme, identity, secretKey)
    expect([...again]).not.toEqual([...record])
    const v = verifyIdentity(scheme, again, networkId, 1500n)
    expect(v.status === 'valid' && [...v.identity.nodeId]).toEqual([...nodeIdOf(scheme, publicKey)])
  })

  it('fields out of range are refused with a code', () => {
    for (const bad of [{ networkId: seed(31) }, { sequence: -1n }, { payload: new Uint8Array(1025) }]) {
      try {
        signIdentity(scheme, { ...identity, ...bad }, secretKey)
        expect.unreachable()
      } catch (error) {
        expect(isIsogenyError(error, 'ISOGENY_INVALID_ARGUMENT')).toBe(true)
      }
    }
    const level3 = hybridSigner(classicalEd25519, sqisign3, 'zos/identity')
    expect(level3.lengths.signature).toBe(370)
  })
})
