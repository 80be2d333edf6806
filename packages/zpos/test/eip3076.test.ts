import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createMemoryGuardStore, isZposError, openSlashingProtection, type SlashingProtection } from '../src/index.ts'

/** eth-clients/slashing-protection-interchange-tests bb79006 (v5.3.0), `tests/generated`. */
const FOLDER = `${process.env.ZOS_VECTORS ?? new URL('../../../../shared/vectors', import.meta.url).pathname}/eip3076/tests/generated`

interface Attempt {
  readonly pubkey: string
  readonly signing_root?: string
  readonly should_succeed: boolean
  readonly should_succeed_complete: boolean
}
interface Case {
  readonly name: string
  readonly genesis_validators_root: string
  readonly steps: readonly {
    readonly should_succeed: boolean
    readonly interchange: object
    readonly blocks: readonly (Attempt & { readonly slot: string })[]
    readonly attestations: readonly (Attempt & { readonly source_epoch: string; readonly target_epoch: string })[]
  }[]
}

async function succeeds(promise: Promise<unknown>, code: string): Promise<boolean> {
  try {
    await promise
    return true
  } catch (error) {
    if (!isZposError(error, code as never)) throw error
    return false
  }
}

const files = existsSync(FOLDER) ? readdirSync(FOLDER) : []

describe.skipIf(files.length === 0)('EIP-3076 interchange tests (folder of vectors not there: skipped)', () => {
  test('there are 38 files', () => expect(files).toHaveLength(38))

  test.each(files.flatMap((file) => (['minimal', 'complete'] as const).map((mode) => [file, mode] as const)))(
    '%s, %s',
    async (file, mode) => {
      const { steps, genesis_validators_root: chain } = JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8')) as Case
      const store = createMemoryGuardStore()
      const open = (): Promise<SlashingProtection> => openSlashingProtection({ store, chain, mode })
      const expected = (attempt: Attempt) =>
        mode === 'complete' ? attempt.should_succeed_complete : attempt.should_succeed
      for (const step of steps) {
        const imported = await succeeds((await open()).import(step.interchange), 'ZPOS_INTERCHANGE_REFUSED')
        expect(imported).toBe(step.should_succeed)
        for (const attempt of step.blocks) {
          const block = { slot: BigInt(attempt.slot), signingRoot: attempt.signing_root }
          // Opened anew each time: what counts is what the journal says after a restart.
          const signed = await succeeds((await open()).signBlock(attempt.pubkey, block), 'ZPOS_WOULD_SIGN_TWICE')
          expect(signed, `slot ${attempt.slot}`).toBe(expected(attempt))
        }
        for (const attempt of step.attestations) {
          const source = BigInt(attempt.source_epoch)
          const target = BigInt(attempt.target_epoch)
          const signed = await succeeds(
            (await open()).signAttestation(attempt.pubkey, { source, target, signingRoot: attempt.signing_root }),
            'ZPOS_WOULD_SIGN_TWICE',
          )
          expect(signed, `${source} → ${target}`).toBe(expected(attempt))
        }
      }
    },
  )
})

const CHAIN = `0x${'11'.repeat(32)}`
const KEY = `0x${'aa'.repeat(33)}`

test('what one database exports another imports, and then refuses the same', async () => {
  for (const mode of ['minimal', 'complete'] as const) {
    const first = await openSlashingProtection({ store: createMemoryGuardStore(), chain: CHAIN, mode })
    await first.signBlock(KEY, { slot: 7n, signingRoot: '0x01' })
    await first.signBlock(KEY, { slot: 9n, signingRoot: '0x02' })
    await first.signAttestation(KEY, { source: 1n, target: 2n, signingRoot: '0x03' })
    const document = JSON.parse(JSON.stringify(first.export()))
    const second = await openSlashingProtection({ store: createMemoryGuardStore(), chain: CHAIN, mode: 'complete' })
    await second.import(document)
    expect(await succeeds(second.signBlock(KEY, { slot: 9n, signingRoot: '0x05' }), 'ZPOS_WOULD_SIGN_TWICE')).toBe(
      false,
    )
    expect(
      await succeeds(
        second.signAttestation(KEY, { source: 1n, target: 2n, signingRoot: '0x05' }),
        'ZPOS_WOULD_SIGN_TWICE',
      ),
    ).toBe(false)
    expect(await succeeds(second.signBlock(KEY, { slot: 10n, signingRoot: '0x05' }), 'ZPOS_WOULD_SIGN_TWICE')).toBe(
      true,
    )
    if (mode === 'complete') expect(second.export()).not.toEqual(document)
  }
})

test('a minimal journal is rewritten short when it is opened, and is never taken for a complete one', async () => {
  const store = createMemoryGuardStore()
  const protection = await openSlashingProtection({ store, chain: CHAIN })
  for (let slot = 1n; slot <= 50n; slot += 1n) await protection.signBlock(KEY, { slot, signingRoot: '0x01' })
  const long = (await store.read()).length
  const reopened = await openSlashingProtection({ store, chain: CHAIN })
  expect((await store.read()).length).toBeLessThan(long / 10)
  expect(await succeeds(reopened.signBlock(KEY, { slot: 50n, signingRoot: '0x02' }), 'ZPOS_WOULD_SIGN_TWICE')).toBe(
    false,
  )
  const doubtful = (options: object) =>
    succeeds(openSlashingProtection({ store, chain: CHAIN, ...options }), 'ZPOS_JOURNAL_DOUBTFUL')
  expect(await doubtful({ mode: 'complete' })).toBe(false)
  expect(await doubtful({ chain: `0x${'22'.repeat(32)}` })).toBe(false)
})

test.each([
  ['no object', 5],
  ['no metadata', {}],
  ['another version', { metadata: { interchange_format_version: '4', genesis_validators_root: CHAIN }, data: [] }],
  ['no list', { metadata: { interchange_format_version: '5', genesis_validators_root: CHAIN }, data: {} }],
  [
    'a slot beyond 64 bits',
    {
      metadata: { interchange_format_version: '5', genesis_validators_root: CHAIN },
      data: [{ pubkey: KEY, signed_blocks: [{ slot: '18446744073709551616' }], signed_attestations: [] }],
    },
  ],
  [
    'a root that is not hexadecimal',
    {
      metadata: { interchange_format_version: '5', genesis_validators_root: CHAIN },
      data: [{ pubkey: KEY, signed_blocks: [{ slot: '1', signing_root: 'root' }], signed_attestations: [] }],
    },
  ],
])('an interchange document with %s is refused', async (_, document) => {
  const protection = await openSlashingProtection({ store: createMemoryGuardStore(), chain: CHAIN })
  expect(await succeeds(protection.import(document), 'ZPOS_INTERCHANGE_REFUSED')).toBe(false)
})
