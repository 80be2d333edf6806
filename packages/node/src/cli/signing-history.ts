/** The signing history of a validator as an EIP-3076 interchange file: a validator that moves must not sign a round again. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytesToHex } from '@ethereumjs/util'
import type { UnitId } from '@zos/dag'
import { createSigningGuard, readInterchange, writeInterchange } from '@zos/zpos'
import { openFileGuardStore } from '@zos/zpos/node'
import { NodeError } from '../errors.ts'
import { genesisHash } from '../genesis/genesis.ts'
import { parseGenesis } from '../genesis/parse-genesis.ts'

export interface HistoryFiles {
  dataDir: string
  genesis: string
  file: string
  publicKey: () => Promise<string>
}

/** Writes the last unit that the validator claimed: what is below it may not be signed either. */
export async function exportHistory({
  dataDir,
  genesis,
  file,
  publicKey,
}: HistoryFiles): Promise<Record<string, unknown>> {
  const chain = chainOf(genesis)
  const pubkey = await publicKey()
  return withGuard(dataDir, async (guard) => {
    const last = guard.last()
    const blocks = last ? [{ slot: BigInt(last.round), signingRoot: last.unit }] : []
    writeFileSync(file, `${JSON.stringify(writeInterchange([{ pubkey, blocks, attestations: [] }], chain), null, 2)}\n`)
    return { file, round: last?.round ?? 'none' }
  })
}

/** Takes over the highest round of the file. Errors: those of @zos/zpos; a file that is older than the journal changes nothing. */
export async function importHistory({
  dataDir,
  genesis,
  file,
  publicKey,
}: HistoryFiles): Promise<Record<string, unknown>> {
  const chain = chainOf(genesis)
  const pubkey = await publicKey()
  const histories = readInterchange(JSON.parse(read(file)), chain)
  const own = histories.find((history) => history.pubkey === pubkey)
  if (!own) throw new NodeError('NODE_INVALID_ARGUMENT', `${file} has no history of ${pubkey}`, { file, pubkey })
  const newest = [...own.blocks].sort((a, b) => (a.slot < b.slot ? 1 : -1))[0]
  if (!newest) return { round: 'none', imported: false }
  return withGuard(dataDir, async (guard) => {
    const round = Number(newest.slot)
    if ((guard.last()?.round ?? -1) >= round) return { round: guard.last()!.round, imported: false }
    await guard.claim(round, (newest.signingRoot ?? `0x${'00'.repeat(32)}`) as UnitId)
    return { round, imported: true }
  })
}

async function withGuard<T>(
  dataDir: string,
  use: (guard: Awaited<ReturnType<typeof createSigningGuard>>) => Promise<T>,
): Promise<T> {
  const store = await openFileGuardStore(join(dataDir, 'signing-journal'))
  try {
    return await use(await createSigningGuard(store))
  } finally {
    await store.close()
  }
}

function chainOf(genesis: string): string {
  return bytesToHex(genesisHash(parseGenesis(read(genesis), genesis)))
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new NodeError('NODE_INVALID_ARGUMENT', `cannot read ${file}: ${(error as Error).message}`, { file })
  }
}
