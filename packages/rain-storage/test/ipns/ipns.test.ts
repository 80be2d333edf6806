import { ed25519 } from '@noble/curves/ed25519.js'
import { CID } from 'multiformats/cid'
import { expect, it } from 'vitest'
import { defaultCrypto } from '../../src/crypto/default.ts'
import { formatName, nameOfKey, nameOfRoutingKey, parseName, routingKey } from '../../src/ipns/name.ts'
import { createRecord, MAX_RECORD_BYTES, newestRecord, readRecord } from '../../src/ipns/record.ts'
import { type NamePort, resolveName } from '../../src/ipns/resolve.ts'

const crypto = defaultCrypto()
const secretKey = new Uint8Array(32).fill(7)
const name = nameOfKey(ed25519.getPublicKey(secretKey))
const ROOT = 'bafkqaddwgevxmmraojswg33smq'
const NOW = 1_800_000_000_000
const make = (more: Partial<Parameters<typeof createRecord>[0]> = {}) =>
  createRecord({ secretKey, value: `/ipfs/${ROOT}`, sequence: 3n, validUntilMs: NOW + 60_000, ttlS: 30, ...more })

it('reads what it made, and nothing that was altered, ran out or is of another key', async () => {
  expect(await readRecord(crypto, name, make(), NOW)).toEqual({
    value: `/ipfs/${ROOT}`,
    sequence: 3n,
    validUntilMs: NOW + 60_000,
    ttlS: 30,
  })
  // an answer is kept no longer than the record holds
  expect((await readRecord(crypto, name, make({ ttlS: 3600 }), NOW)).ttlS).toBe(60)
  const unauthentic = { code: 'STORAGE_UNAUTHENTIC' }
  await expect(readRecord(crypto, name, make(), NOW + 60_001)).rejects.toMatchObject(unauthentic)
  const other = nameOfKey(ed25519.getPublicKey(new Uint8Array(32).fill(8)))
  await expect(readRecord(crypto, other, make(), NOW)).rejects.toMatchObject(unauthentic)
  const record = make()
  for (let at = 0; at < record.length; at += 7) {
    const altered = record.slice()
    altered[at]! ^= 1
    await expect(readRecord(crypto, name, altered, NOW), `byte ${at}`).rejects.toMatchObject({
      code: expect.stringMatching(/UNAUTHENTIC|MALFORMED/),
    })
  }
  await expect(readRecord(crypto, name, new Uint8Array(MAX_RECORD_BYTES + 1), NOW)).rejects.toMatchObject({
    code: 'STORAGE_LIMIT',
  })
})

it('holds the record with the highest sequence for the newest, then the one that holds longest', () => {
  const records = [
    make({ sequence: 3n }),
    make({ sequence: 4n }),
    make({ sequence: 4n, validUntilMs: NOW + 90_000 }),
    make({ sequence: 1n, validUntilMs: NOW + 1e9 }),
  ]
  expect(newestRecord(records)).toBe(2)
  expect(newestRecord(records.slice(0, 2))).toBe(1)
})

it('knows a name in every form', () => {
  const text = formatName(name)
  expect(text).toMatch(/^k51/)
  expect(text.length).toBeLessThanOrEqual(63)
  expect(parseName(text)).toEqual(name)
  expect(parseName(String(name))).toEqual(name)
  expect(parseName('example.org')).toBeUndefined()
  expect(nameOfRoutingKey(routingKey(name))).toEqual(name)
  expect(nameOfRoutingKey(Uint8Array.of(1, 2, 3))).toBeUndefined()
})

it('follows names to names, with the paths that they have, and not in a circle', async () => {
  const secrets = [1, 2, 3].map((i) => new Uint8Array(32).fill(i))
  const chain = secrets.map((secret) => formatName(nameOfKey(ed25519.getPublicKey(secret))))
  const values = new Map([
    [chain[0], { secret: secrets[0]!, value: `/ipns/${chain[1]}/outer` }],
    [chain[1], { secret: secrets[1]!, value: `/ipfs/${ROOT}/inner` }],
    [chain[2], { secret: secrets[2]!, value: `/ipns/${chain[2]}` }],
  ])
  const names: NamePort = {
    nowMs: () => NOW,
    record: async (cid) => {
      const entry = values.get(formatName(cid))
      return entry && make({ secretKey: entry.secret, value: entry.value })
    },
    dnsLink: async (domain) => (domain === 'site.example' ? `/ipns/${chain[0]}/site` : undefined),
  }
  expect(await resolveName(crypto, names, chain[0]!)).toEqual({
    root: CID.parse(ROOT),
    segments: ['inner', 'outer'],
    ttlS: 30,
  })
  const domain = await resolveName(crypto, names, 'site.example')
  expect(domain.segments).toEqual(['inner', 'outer', 'site'])
  expect(domain.ttlS).toBeNaN()
  await expect(resolveName(crypto, names, chain[2]!)).rejects.toMatchObject({ code: 'STORAGE_LIMIT' })
  await expect(resolveName(crypto, names, 'nowhere.example')).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' })
  await expect(resolveName(crypto, names, formatName(name))).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' })
})
