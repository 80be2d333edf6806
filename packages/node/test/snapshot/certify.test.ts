import { secp256k1 } from '@noble/curves/secp256k1.js'
import type { Address } from '@zos/dag'
import { signCheckpoint, type ValidatorInfo } from '@zos/zpos'
import { type Checkpoint, committeeHash, SCHEME_BIP340 } from '@zos/zpos/checkpoint'
import { expect, test } from 'vitest'
import { asSigners, RULES_HASH } from '../../src/checkpoint/members.ts'
import { encodeRecord } from '../../src/checkpoint/record.ts'
import { createCheckpointSignatures } from '../../src/checkpoint/signatures.ts'
import type { Isogeny } from '../../src/identity/isogeny.ts'
import { certifySnapshot } from '../../src/snapshot/certify.ts'
import type { SnapshotManifest } from '../../src/snapshot/manifest.ts'

const NETWORK = 7
const hash = (byte: string) => `0x${byte.repeat(32)}` as const
const secrets = [1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte))
const members: ValidatorInfo[] = secrets.map((secret, index) => ({
  address: `0x${'a'.repeat(39)}${index}` as Address,
  publicKey: secp256k1.getPublicKey(secret, true),
  stake: 10n,
}))
const checkpoint: Checkpoint = {
  epoch: 0,
  mci: 40,
  unit: hash('11'),
  stateRoot: hash('22'),
  block: 20,
  blockHash: hash('33'),
  timeMs: 5_000,
  nextCommittee: committeeHash(1, asSigners(members)),
  rulesHash: RULES_HASH,
}
const manifest = {
  start: { number: 1, unit: { id: checkpoint.unit }, mci: checkpoint.mci, members },
  block: { header: { number: checkpoint.block, stateRoot: checkpoint.stateRoot }, hash: checkpoint.blockHash },
} as unknown as SnapshotManifest

/** What is wrong with `offered`, whose checkpoint the first `signers` of four members have signed. */
function certify(offered: SnapshotManifest, signers = 3): Promise<string | undefined> {
  const record = encodeRecord({
    checkpoint,
    members: asSigners(members),
    next: asSigners(members),
    certificate: {
      checkpoint,
      shares: secrets.slice(0, signers).map((secret, index) => ({
        address: members[index]!.address,
        signatures: [{ scheme: SCHEME_BIP340, signature: signCheckpoint(checkpoint, NETWORK, secret) }],
      })),
    },
    cosigned: new Map(),
  })
  return certifySnapshot(
    { manifest: offered, chunk: async () => new Uint8Array(), record: async () => record },
    members,
    createCheckpointSignatures({ networkId: NETWORK, schemes: [SCHEME_BIP340], isogeny: {} as Isogeny }),
  )
}

test('a snapshot is proved by the checkpoint of its beginning, and by nothing that differs from it', async () => {
  expect(await certify(manifest)).toBeUndefined()
  expect(await certify(manifest, 2)).toMatch(/proves nothing/)
  const { start, block } = manifest
  const stranger = { ...members[0]!, stake: 11n }
  expect(await certify({ ...manifest, start: { ...start, members: [stranger, ...members.slice(1)] } })).toMatch(
    /committee/,
  )
  expect(await certify({ ...manifest, start: { ...start, mci: 41 } })).toMatch(/another unit/)
  expect(
    await certify({
      ...manifest,
      start: { ...start, unit: { ...start.unit, id: hash('12') as typeof start.unit.id } },
    }),
  ).toMatch(/another unit/)
  expect(
    await certify({ ...manifest, block: { ...block, header: { ...block.header, stateRoot: hash('23') } } }),
  ).toMatch(/state root/)
})

test('a snapshot whose block has the signed state, but another base fee, time or number, is refused', async () => {
  // A header of another form hashes to something else: the manifest's decoder has checked that it is the header's own hash.
  expect(await certify({ ...manifest, block: { ...manifest.block, hash: hash('34') } })).toMatch(/its block/)
})
