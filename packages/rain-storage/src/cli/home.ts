/** The folder of a user: settings, seed, own files, and the nodes that hold the shards. */
import { readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createMemoryBlockStore } from '../blocks/memory.ts'
import { defaultCrypto } from '../crypto/default.ts'
import { StorageError } from '../errors.ts'
import { makeFolder, writeWhole } from '../platform/file-system.ts'
import { openPackStore } from '../platform/pack/pack-store.ts'
import { type Capability, formatCapability, parseCapability } from '../rain/capability.ts'
import { createLocalNode, type StorageNode } from '../rain/node.ts'
import { type PrivateEntry, readPrivateDirectory, writePrivateDirectory } from '../rain/private-directory.ts'
import { type Identity, identityFromSeed } from '../rain/sharing.ts'
import { createVault, type Vault } from '../rain/vault.ts'

/** A node in the settings: a folder of this machine or a multiaddr. */
export interface NodeSetting {
  readonly id: string
  readonly domain: string
  readonly weight: number
  readonly path?: string
  readonly address?: string
  /** holds what it has deals for ("market deal"), and gets no shards by a put */
  readonly deals?: boolean
}

/** `settings.json`. */
export interface Settings {
  readonly dataShards: number
  readonly totalShards: number
  readonly nodes: readonly NodeSetting[]
}

/** An opened home. */
export interface Home {
  readonly folder: string
  readonly settings: Settings
  readonly identity: Identity
  readonly nodes: readonly StorageNode[]
  readonly vault: Vault
  files(): Promise<PrivateEntry[]>
  saveFiles(entries: readonly PrivateEntry[]): Promise<void>
  close(): Promise<void>
}

/** The folder given by `--home`, `ZOS_STORE_HOME`, or `~/.zos-store`. */
export function homeFolder(given: string | undefined): string {
  return given ?? process.env.ZOS_STORE_HOME ?? join(homedir(), '.zos-store')
}

/** Makes a home: a random seed (mode 0600) and the settings. @throws StorageError `STORAGE_EXISTS` */
export async function createHome(folder: string, settings: Settings, seed?: Uint8Array): Promise<void> {
  await makeFolder(folder, undefined, 0o700)
  const crypto = defaultCrypto()
  const text = Buffer.from(seed ?? crypto.randomBytes(32)).toString('hex')
  try {
    await writeFile(join(folder, 'seed'), text, { mode: 0o600, flag: 'wx', flush: true })
  } catch (cause) {
    throw new StorageError('STORAGE_EXISTS', `${folder} is a home already`, { folder }, { cause })
  }
  await writeWhole(join(folder, 'settings.json'), `${JSON.stringify(settings, null, 2)}\n`)
}

/** Reads the settings. @throws StorageError `STORAGE_NOT_FOUND` before `init` */
export async function readSettings(folder: string): Promise<Settings> {
  try {
    return JSON.parse(await readFile(join(folder, 'settings.json'), 'utf8')) as Settings
  } catch (cause) {
    throw new StorageError(
      'STORAGE_NOT_FOUND',
      `${folder} has no settings: run "zos-store init" first`,
      { folder },
      { cause },
    )
  }
}

/** Writes the settings. */
export function writeSettings(folder: string, settings: Settings): Promise<void> {
  return writeWhole(join(folder, 'settings.json'), `${JSON.stringify(settings, null, 2)}\n`)
}

/** Opens the home and connects to its nodes; a node that cannot be opened counts as down. */
export async function openHome(folder: string): Promise<Home> {
  const settings = await readSettings(folder)
  const crypto = defaultCrypto()
  const seed = Buffer.from((await readFile(join(folder, 'seed'), 'utf8')).trim(), 'hex')
  const identity = await identityFromSeed(crypto, seed)
  const closing: (() => Promise<void>)[] = []
  const nodes: StorageNode[] = []
  let peer: Awaited<ReturnType<typeof import('../network/peer.ts')['startPeer']>> | undefined
  for (const node of settings.nodes) {
    const place = { id: node.id, domain: node.domain, weight: node.weight }
    if (node.path !== undefined) {
      const store = await openPackStore(node.path)
      closing.push(() => store.close())
      nodes.push(createLocalNode({ ...place, store, leases: store }))
    } else if (node.address !== undefined) {
      if (peer === undefined) {
        const { startPeer } = await import('../network/peer.ts')
        const started = await startPeer({ blocks: createMemoryBlockStore(), listen: [] })
        peer = started
        closing.push(() => started.stop())
      }
      const remote = peer.remoteNode(node.address, place)
      nodes.push(node.deals ? withoutPuts(remote) : remote)
    }
  }
  const { dataShards, totalShards } = settings
  const vault = createVault({ nodes: () => nodes, dataShards, totalShards, crypto })
  const listFile = join(folder, 'files')
  return {
    folder,
    settings,
    identity,
    nodes,
    vault,
    async files() {
      const text = await readFile(listFile, 'utf8').catch(() => undefined)
      return text === undefined ? [] : readPrivateDirectory(vault, parseCapability(text.trim()))
    },
    async saveFiles(entries) {
      await writeWhole(listFile, formatCapability(await writePrivateDirectory(vault, entries)))
    },
    async close() {
      for (const close of closing) await close()
    },
  }
}

/** A node that is read from and refuses what is put, so that a vault puts it elsewhere. */
function withoutPuts(node: StorageNode): StorageNode {
  return {
    ...node,
    async put() {
      throw new StorageError('STORAGE_LIMIT', `Node ${node.id} takes what has a deal, no more`, { node: node.id })
    },
  }
}

/** The capability of a listed name, or of a `zos1…` text. @throws StorageError `STORAGE_NOT_FOUND` */
export async function findFile(home: Home, name: string): Promise<Capability> {
  if (name.startsWith('zos1')) return parseCapability(name)
  const entry = (await home.files()).find((candidate) => candidate.name === name)
  if (entry === undefined)
    throw new StorageError('STORAGE_NOT_FOUND', `"${name}" is not in the list; "zos-store ls" shows it`, { name })
  return entry.capability
}
