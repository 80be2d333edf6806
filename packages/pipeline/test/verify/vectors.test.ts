import { existsSync, readFileSync } from 'node:fs'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { createVerifier, type Ed25519Item } from '../../src/verify/index.ts'
import bip340 from '../vectors/bip340.json' with { type: 'json' }

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'))
const folder = `${process.env.ZOS_VECTORS ?? new URL('../../../../../shared/vectors', import.meta.url).pathname}/curves/test/vectors`
const published = test.skipIf(!existsSync(folder))
const load = (path: string) => JSON.parse(readFileSync(`${folder}/${path}`, 'utf8'))

describe.each(['wasm-relaxed-simd', 'wasm', 'noble'] as const)('%s', (backend) => {
  const verifier = createVerifier({ backends: [backend] })

  test('BIP-340: every published vector, one by one and together', () => {
    const items = bip340.vectors.map(([key, message, signature]) => ({
      publicKey: hex(key as string),
      message: hex(message as string),
      signature: hex(signature as string),
    }))
    const expected = bip340.vectors.map(([, , , valid]) => valid)
    expect(verifier.verifyMany('bip340', items)).toEqual(expected)
    expect(items.map((item) => verifier.verifyBatch('bip340', [item]))).toEqual(expected)
  })

  published('ZIP-215: the 196 published cases (skipped where the vectors are not checked out)', () => {
    const cases = load('ed25519/zip215.json') as { vk_bytes: string; sig_bytes: string; valid_zip215: boolean }[]
    const items: Ed25519Item[] = cases.map((one) => ({
      publicKey: hex(one.vk_bytes),
      signature: hex(one.sig_bytes),
      message: hex('5a63617368'),
    }))
    const expected = cases.map((one) => one.valid_zip215)
    expect(verifier.verifyMany('ed25519', items)).toEqual(expected)
    expect(verifier.verifyBatch('ed25519', items)).toBe(expected.every(Boolean))
  })

  published("Ed25519 edge cases: the answer is noble's under ZIP-215", () => {
    const cases = load('ed25519/edge-cases.json') as { pub_key: string; signature: string; message: string }[]
    const items: Ed25519Item[] = cases.map((one) => ({
      publicKey: hex(one.pub_key),
      signature: hex(one.signature),
      message: hex(one.message),
    }))
    expect(verifier.verifyMany('ed25519', items)).toEqual(
      createVerifier({ backends: ['noble'] }).verifyMany('ed25519', items),
    )
  })

  published('Wycheproof ECDSA on secp256k1: nothing invalid passes, everything valid with a low s does', () => {
    const { testGroups } = load('wycheproof/ecdsa_test.json') as {
      testGroups: {
        key: { curve: string; uncompressed: string }
        sha: string
        tests: { msg: string; sig: string; result: string }[]
      }[]
    }
    const groups = testGroups.filter(({ key, sha }) => key.curve === 'secp256k1' && sha === 'SHA-256')
    const cases = groups.flatMap(({ key, tests }) => tests.map((one) => ({ ...one, key: key.uncompressed })))
    expect(cases.length).toBeGreaterThan(200)
    const items = []
    const expected = []
    for (const one of cases) {
      let signature: { r: bigint; s: bigint }
      try {
        signature = secp256k1.Signature.fromBytes(hex(one.sig), 'der')
      } catch {
        expect(one.result).not.toBe('valid') // refused by the DER parser, before it reaches a verifier
        continue
      }
      items.push({ publicKey: hex(one.key).slice(1), hash: sha256(hex(one.msg)), r: signature.r, s: signature.s })
      expected.push(one.result !== 'invalid' && signature.s <= secp256k1.Point.Fn.ORDER >> 1n)
    }
    expect(verifier.verifyMany('ecdsa', items)).toEqual(expected)
  })
})
