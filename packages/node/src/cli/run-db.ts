import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { NodeError } from '../errors.ts'
import { checkStore, walkEntries } from '../repair/check-store.ts'
import { openDatabase } from '../repair/prepare-store.ts'
import { repairStore } from '../repair/repair-store.ts'
import { type CheckOptions, type CheckProgress, type Finding, type KindSize, Notes } from '../repair/report.ts'
import type { EntryKind } from '../store/kinds.ts'
import type { KeyValueStore } from '../store/kv.ts'

export interface DbSettings {
  'data-dir': string
  json: boolean
}

/** Findings that are printed; `--json` has all. */
const SHOWN = 20
const QUIET = { debug() {}, info() {}, warn() {}, error() {} }

/** Exits with 1 when something does not hold (after `repair`: still does not). Errors: `NODE_DATA_DIR`, `NODE_DATA_DIR_LOCKED`, `NODE_STORE_CORRUPT`. */
export async function runDb(settings: DbSettings, action: string): Promise<void> {
  const directory = join(settings['data-dir'], 'db')
  if (!existsSync(directory))
    throw new NodeError('NODE_DATA_DIR', `there is no database in ${settings['data-dir']}`, { directory })
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort(new Error('stopped')))
  const onProgress = process.stderr.isTTY && !settings.json ? show : () => {}
  const options: CheckOptions = { signal: stop.signal, onProgress }
  const store = await openDatabase(directory, action === 'repair')
  let holds: boolean
  try {
    holds = await ACTIONS[action as keyof typeof ACTIONS](store, { directory, options, json: settings.json })
  } finally {
    await store.close()
  }
  process.exit(holds ? 0 : 1)
}

interface Context {
  directory: string
  options: CheckOptions
  json: boolean
}

const ACTIONS = {
  async check(store: KeyValueStore, { options, json }: Context) {
    const { head, kinds, findings } = await checkStore(store, options)
    print(json, { head: head ?? null, kinds: Object.fromEntries(kinds), findings }, () => [
      ...sizes(kinds),
      head === undefined ? 'no chain yet' : `newest block ${head}`,
      ...list(findings, 'everything holds', 'what does not hold:'),
    ])
    return findings.length === 0
  },

  async repair(store: KeyValueStore, { options, json }: Context) {
    const { found, left } = await repairStore(store, { ...options, logger: QUIET })
    print(json, { found, left }, () => [
      `${found.length} found, ${found.length - left.length} mended`,
      ...list(
        left,
        'what is missing comes from peers when the node runs',
        'beyond mending; a node with peers begins anew:',
      ),
    ])
    return left.length === 0
  },

  async stat(store: KeyValueStore, { directory, options, json }: Context) {
    const notes = new Notes(options)
    const kinds = await walkEntries(store, notes)
    const diskBytes = onDisk(directory)
    print(json, { kinds: Object.fromEntries(kinds), diskBytes }, () => [
      ...sizes(kinds),
      `${megabytes(diskBytes)} on disk, compressed`,
    ])
    return true
  },

  async compact(store: KeyValueStore, { directory, json }: Context) {
    const before = onDisk(directory)
    await store.compact('', '\x7f')
    const after = onDisk(directory)
    print(json, { before, after }, () => [`${megabytes(before)} before, ${megabytes(after)} after`])
    return true
  },
}

function print(json: boolean, facts: Record<string, unknown>, lines: () => string[]): void {
  console.log(json ? JSON.stringify(facts) : lines().join('\n'))
}

function sizes(kinds: ReadonlyMap<EntryKind, KindSize>): string[] {
  return [...kinds]
    .sort(([, a], [, b]) => b.bytes - a.bytes)
    .map(([kind, { entries, bytes }]) => `${kind.padEnd(24)}${String(entries).padStart(10)}  ${megabytes(bytes)}`)
}

function list(findings: readonly Finding[], none: string, some: string): string[] {
  if (findings.length === 0) return [none]
  const shown = findings.slice(0, SHOWN).map(({ kind, key, problem }) => `  ${problem} in ${kind}: ${key}`)
  const more = findings.length > SHOWN ? [`  and ${findings.length - SHOWN} more`] : []
  return [some, ...shown, ...more]
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`
}

function onDisk(directory: string): number {
  return readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0)
}

function show({ step, done }: CheckProgress): void {
  process.stderr.write(`\r${step}: ${done}   `)
}
