import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  createEd25519Signer,
  decodeRecord,
  decodeSignedResult,
  type EdgeRunner,
  encodeRecord,
  encodeSignedResult,
  type ResultRecord,
  rawCid,
  runWithAgreement,
  type SignedResult,
  type Signer,
  signResult,
  verifyEd25519,
  verifyResult,
} from '../../src/edge/index.ts'
import { fromHex, toHex } from '../../src/edge/result/headers.ts'
import type { CdnError } from '../../src/errors.ts'

const text = (value: string) => new TextEncoder().encode(value)
let signer: Signer
let code: CID
let input: CID
let output: CID
let base: Omit<ResultRecord, 'runner'>

beforeAll(async () => {
  signer = await createEd25519Signer(new Uint8Array(32).fill(1))
  ;[code, input, output] = (await Promise.all(['code', 'input', 'output'].map((name) => rawCid(text(name))))) as [
    CID,
    CID,
    CID,
  ]
  base = { function: code, input, output, status: 'done', exitCode: -3, fuel: 12_345, fuelLimit: 1e9, memoryPages: 256 }
})

describe('a signature', () => {
  it('is that of RFC 8032, test 2 of section 7.1', async () => {
    const rfc = await createEd25519Signer(fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'))
    expect(toHex(rfc.publicKey)).toBe('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')
    const signature =
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'
    expect(toHex(await rfc.sign(Uint8Array.of(0x72)))).toBe(signature)
    expect(await verifyEd25519(rfc.publicKey, Uint8Array.of(0x72), fromHex(signature)!)).toBe(true)
    expect(await verifyEd25519(rfc.publicKey, Uint8Array.of(0x73), fromHex(signature)!)).toBe(false)
    expect(await verifyEd25519(new Uint8Array(31), Uint8Array.of(0x72), fromHex(signature)!)).toBe(false)
  })
})

describe('a result record', () => {
  const cids = () => fc.constantFrom(code, input, output)
  const records = () =>
    fc.record(
      {
        function: cids(),
        input: cids(),
        output: cids(),
        status: fc.constantFrom('done' as const, 'trapped' as const, 'out-of-fuel' as const, 'stack' as const),
        exitCode: fc.integer(),
        fuel: fc.maxSafeNat(),
        fuelLimit: fc.maxSafeNat(),
        memoryPages: fc.nat({ max: 0xffff }),
        nowMs: fc.maxSafeNat(),
        seed: fc.uint8Array({ minLength: 32, maxLength: 32 }),
        runner: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      },
      {
        requiredKeys: [
          'function',
          'input',
          'output',
          'status',
          'exitCode',
          'fuel',
          'fuelLimit',
          'memoryPages',
          'runner',
        ],
      },
    ) as fc.Arbitrary<ResultRecord>
  it('has one encoding, which reads back', () => {
    fc.assert(
      fc.property(records(), (record) => {
        const bytes = encodeRecord(record)
        const read = decodeRecord(bytes)
        expect(encodeRecord(read)).toEqual(bytes)
        expect({ ...read, function: `${read.function}`, input: `${read.input}`, output: `${read.output}` }).toEqual({
          ...record,
          function: `${record.function}`,
          input: `${record.input}`,
          output: `${record.output}`,
        })
      }),
    )
  })
  it('that is changed, cut or lengthened is another record or none', () => {
    fc.assert(
      fc.property(records(), fc.nat(), fc.integer({ min: 1, max: 255 }), (record, place, change) => {
        const bytes = encodeRecord(record)
        const changed = bytes.slice()
        changed[place % bytes.length]! ^= change
        for (const other of [changed, bytes.subarray(0, place % bytes.length), new Uint8Array([...bytes, 0])]) {
          try {
            expect(encodeRecord(decodeRecord(other))).toEqual(new Uint8Array(other))
          } catch (error) {
            expect((error as CdnError).code).toBe('CDN_EDGE_BAD_RESULT')
          }
        }
      }),
      { numRuns: 500 },
    )
  })
  it('verifies as signed, and not when any byte of it or of the signature is another', async () => {
    const signed = await signResult(base, signer)
    expect(await verifyResult(decodeSignedResult(encodeSignedResult(signed)))).toEqual({ status: 'valid' })
    const bytes = encodeSignedResult(signed)
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at]! ^= 4
      let verdict: string
      try {
        verdict = (await verifyResult(decodeSignedResult(changed))).status
      } catch (error) {
        verdict = (error as CdnError).code
      }
      expect(['invalid', 'CDN_EDGE_BAD_RESULT'], `byte ${at}`).toContain(verdict)
    }
  })
  it('about another run, or by a stranger, is not what was asked for', async () => {
    const signed = await signResult(base, signer)
    const reasons = await Promise.all(
      [
        { function: input },
        { input: output },
        { output: code },
        { fuelLimit: 1 },
        { nowMs: 1 },
        { seed: new Uint8Array(32) },
        { runners: [] },
      ].map(async (expected) => (await verifyResult(signed, expected)).status),
    )
    expect(new Set(reasons)).toEqual(new Set(['invalid']))
    const greedy = await signResult({ ...base, fuel: 2, fuelLimit: 1 }, signer)
    expect((await verifyResult(greedy)).status).toBe('invalid')
    expect((await verifyResult(signed, { runners: [signer.publicKey] })).status).toBe('valid')
  })
  it('means nothing outside its domain: the record alone is not what is signed', async () => {
    const { record } = await signResult(base, signer)
    const bare = await signer.sign(encodeRecord(record))
    expect((await verifyResult({ record, signature: bare })).status).toBe('invalid')
  })
})

describe('several runners', () => {
  const answer = text('42')
  const honest = async (id: string, seed: number): Promise<EdgeRunner & { key: Uint8Array }> => {
    const key = await createEd25519Signer(new Uint8Array(32).fill(seed))
    return {
      id,
      key: key.publicKey,
      run: async (fn, bytes, { fuel = 1e9 }) => ({
        output: answer,
        signed: await sign(key, fn, bytes, answer, fuel),
      }),
    }
  }
  const sign = async (
    key: Signer,
    fn: CID,
    bytes: Uint8Array,
    out: Uint8Array,
    fuelLimit: number,
  ): Promise<SignedResult> =>
    signResult(
      { ...base, function: fn, input: await rawCid(bytes), output: await rawCid(out), fuel: 10, fuelLimit },
      key,
    )
  it('that agree are believed, and one that says otherwise is named with its own signature', async () => {
    const liarKey = await createEd25519Signer(new Uint8Array(32).fill(9))
    const liar: EdgeRunner = {
      id: 'liar',
      run: async (fn, bytes, { fuel = 1e9 }) => ({
        output: text('43'),
        signed: await sign(liarKey, fn, bytes, text('43'), fuel),
      }),
    }
    const slow = await honest('slow', 3)
    const late: EdgeRunner = {
      ...slow,
      async run(...rest) {
        await new Promise((resolve) => setTimeout(resolve, 30))
        return slow.run(...rest)
      },
    }
    const result = await runWithAgreement([liar, await honest('a', 2), late], code, text('x'), { agree: 2 })
    expect(result.output).toEqual(answer)
    expect(result.signed).toHaveLength(2)
    expect(result.dissent.map(({ runner }) => runner)).toEqual(['liar'])
    expect(await verifyResult(result.dissent[0]!.signed, { runners: [liarKey.publicKey] })).toEqual({ status: 'valid' })
  })
  it('do not wait for one that never answers', async () => {
    const silent: EdgeRunner = { id: 'silent', run: () => new Promise(() => {}) }
    const result = await runWithAgreement([silent, await honest('a', 2), await honest('b', 3)], code, text('x'), {
      agree: 2,
    })
    expect(result.signed).toHaveLength(2)
    const stop = AbortSignal.timeout(30)
    await expect(runWithAgreement([silent], code, text('x'), { agree: 1, signal: stop })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
  })
  it('with one key, or with keys that nobody trusts, count once, or not at all', async () => {
    const twins = [await honest('a', 2), await honest('b', 2)]
    const refused = (runners: EdgeRunner[], options: Parameters<typeof runWithAgreement>[3]) =>
      runWithAgreement(runners, code, text('x'), options).then(
        () => 'agreed',
        (error) => error as CdnError,
      )
    expect(await refused(twins, { agree: 2 })).toMatchObject({ code: 'CDN_EDGE_DISAGREEMENT' })
    const strangers = [await honest('a', 2), await honest('b', 3)]
    expect(await refused(strangers, { agree: 2, trusted: [twins[0]!.key] })).toMatchObject({
      code: 'CDN_EDGE_DISAGREEMENT',
    })
    expect(await refused(strangers, { agree: 2, trusted: strangers.map(({ key }) => key) })).toBe('agreed')
    expect(await refused(strangers, { agree: 3 })).toMatchObject({ code: 'CDN_INVALID_ARGUMENT' })
  })
  it('with other limits or grants than asked for do not count, and are not called liars', async () => {
    const [small, lucky, plain] = await Promise.all(
      [4, 5, 6].map((seed) => createEd25519Signer(new Uint8Array(32).fill(seed))),
    )
    const run = (key: Signer, more: Partial<ResultRecord>): EdgeRunner => ({
      id: toHex(key.publicKey),
      run: async (fn, bytes, { fuel = 1e9 }) => {
        const record = {
          ...base,
          function: fn,
          input: await rawCid(bytes),
          output: await rawCid(answer),
          fuelLimit: fuel,
          ...more,
        }
        return { output: answer, signed: await signResult(record, key) }
      },
    })
    const runners = [run(small!, { memoryPages: 16 }), run(lucky!, { nowMs: 5 }), run(plain!, {})]
    const result = await runWithAgreement(runners, code, text('x'), { agree: 1 })
    expect(result.signed[0]!.record.runner).toEqual(plain!.publicKey)
    const error = await runWithAgreement(runners, code, text('x'), { agree: 2 }).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'CDN_EDGE_DISAGREEMENT' })
    expect((error.context.failed as { reason: string }[]).map(({ reason }) => reason).sort()).toEqual([
      'another memoryPages',
      'it took what was not granted',
    ])
  })
  it('cannot pass on the signed result of another input or with another output', async () => {
    const key = await createEd25519Signer()
    const replay: EdgeRunner = {
      id: 'replay',
      run: async (fn) => ({ output: answer, signed: await sign(key, fn, text('other'), answer, 1e9) }),
    }
    const swap: EdgeRunner = {
      id: 'swap',
      run: async (fn, bytes) => ({ output: text('43'), signed: await sign(key, fn, bytes, answer, 1e9) }),
    }
    for (const runner of [replay, swap])
      await expect(runWithAgreement([runner], code, text('x'), { agree: 1 })).rejects.toMatchObject({
        code: 'CDN_EDGE_DISAGREEMENT',
      })
  })
})
