import { blake2b } from '@noble/hashes/blake2.js'
import { sqisign1 } from '@zos/pq-isogeny/sqisign.js'
import { expect, test } from 'vitest'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'
import { DEVNET_ISOGENY_KEYS } from '../../src/genesis/devnet-isogeny-keys.ts'
import { parseGenesis } from '../../src/genesis/parse-genesis.ts'

test('the fixed isogeny keys of development networks grow from the seeds that they are said to grow from', () => {
  for (const index of [0, 29]) {
    const seed = blake2b(new TextEncoder().encode(`zos devnet validator ${index}`), { dkLen: 48 })
    const { secretKey, publicKey } = sqisign1.keygen(seed)
    expect(Buffer.from(secretKey).toString('base64')).toBe(DEVNET_ISOGENY_KEYS[index])
    expect(secretKey.subarray(0, 83)).toEqual(publicKey)
  }
  expect(new Set(DEVNET_ISOGENY_KEYS).size).toBe(30)
})

test('a genesis has an isogeny key for every validator or for none', () => {
  const { genesis } = devnetGenesis({ validators: 3, timestampMs: 0 })
  expect(parseGenesis(JSON.stringify(genesis))).toEqual(genesis)
  const without = genesis.validators.map(({ isogenyKey: _, ...validator }) => validator)
  const parse = (validators: object[]) => parseGenesis(JSON.stringify({ ...genesis, validators }))
  expect(parse(without).validators[0]!.isogenyKey).toBeUndefined()
  for (const bad of [
    [genesis.validators[0]!, ...without.slice(1)],
    [...without.slice(0, 2), genesis.validators[2]!],
    genesis.validators.map((validator) => ({ ...validator, isogenyKey: '0x12' })),
  ])
    expect(() => parse(bad)).toThrow(/isogenyKey/)
  expect(() => devnetGenesis({ validators: 31, timestampMs: 0 })).toThrow(/at most 30/)
})
