/** A network of one validator and a follower on disk, for tests that damage the follower's database. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'
import { createNode } from '../../src/node.ts'
import type { NodeOptions, ZosNode } from '../../src/node-api.ts'

/** One signature a checkpoint: epochs here are shorter than an isogeny signature takes. */
export function shortGenesis(epochRounds: number) {
  const {
    genesis: devnet,
    validatorKeys,
    accounts,
  } = devnetGenesis({
    validators: 1,
    timestampMs: 1_700_000_000_000,
    epochRounds,
  })
  const genesis = { ...devnet, validators: devnet.validators.map(({ isogenyKey: _, ...validator }) => validator) }
  return { genesis, validatorKey: validatorKeys[0]!.privateKey, accounts }
}

export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let left = 3_000; !(await holds()); left--) {
    if (left === 0) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Starts nodes and stops them, in the opposite order, with everything else that was made. */
export class Bench {
  readonly #closers: (() => unknown)[] = []

  folder(): string {
    const path = mkdtempSync(join(tmpdir(), 'zos-repair-'))
    this.#closers.push(() => rmSync(path, { recursive: true, force: true }))
    return path
  }

  async start(options: NodeOptions): Promise<ZosNode> {
    const node = await createNode({ roundIntervalMs: 10, ticketHashes: 0, ...options })
    this.#closers.push(() => node.stop())
    return node
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close()
  }
}

/** Opens the database of a node that does not run, below its checksums. */
export async function tamper(
  dataDir: string,
  change: (level: ClassicLevel<string, Uint8Array>) => Promise<void>,
): Promise<void> {
  const level = new ClassicLevel<string, Uint8Array>(join(dataDir, 'db'), {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
  })
  await level.open()
  try {
    await change(level)
  } finally {
    await level.close()
  }
}

/** Flips a bit of the stored value of `key`. */
export async function flip(level: ClassicLevel<string, Uint8Array>, key: string): Promise<void> {
  const bytes = (await level.get(key))?.slice()
  if (!bytes) throw new Error(`there is no ${key}`)
  bytes[bytes.length - 1]! ^= 1
  await level.put(key, bytes)
}

export async function keysOf(level: ClassicLevel<string, Uint8Array>, from: string, to: string): Promise<string[]> {
  return level.keys({ gte: from, lt: to }).all()
}
