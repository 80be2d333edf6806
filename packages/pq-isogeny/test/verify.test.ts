import { afterEach, describe, expect, it } from 'vitest'
import { setBackend, sqisign1, sqisign3, sqisign5 } from '../src/sqisign.verify.ts'
import { knownAnswers } from './kat.ts'

afterEach(() => setBackend('auto'))

describe.each([
  ['p324_3', sqisign1],
  ['p500_27', sqisign3],
  ['p664_17', sqisign5],
] as const)('SQIsign_%s', (name, verifier) => {
  const vectors = knownAnswers(name)
  const [first] = vectors as [(typeof vectors)[0]]

  it('every published known answer verifies with WebAssembly', () => {
    setBackend('wasm')
    for (const v of vectors) expect(verifier.verify(v.signature, v.message, v.publicKey)).toBe(true)
  })

  it('known answers verify with BigInt', () => {
    setBackend('bigint')
    for (const v of vectors.slice(0, 2)) expect(verifier.verify(v.signature, v.message, v.publicKey)).toBe(true)
    expect(verifier.verify(first.signature, first.message.subarray(1), first.publicKey)).toBe(false)
  })

  it('the same key prepared once, and a batch, give the same verdicts', () => {
    const bad = first.signature.slice()
    bad[bad.length - 3]! ^= 1
    const prepared = verifier.prepare(first.publicKey)
    expect(prepared.verify(first.signature, first.message)).toBe(true)
    expect(prepared.verify(bad, first.message)).toBe(false)
    expect(verifier.verifyBatch([{ ...first }, { ...first, signature: bad }, { ...first }])).toEqual([
      true,
      false,
      true,
    ])
  })

  it('lengths are those of the submission', () => {
    expect(verifier.lengths.publicKey).toBe(first.publicKey.length)
    expect(verifier.lengths.signature).toBe(first.signature.length)
  })
})
