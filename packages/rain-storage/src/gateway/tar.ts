/** A UnixFS tree as a TAR archive: ustar (POSIX.1-1988), with extended headers (POSIX.1-2001) where a name needs them. */
import type { CID } from 'multiformats/cid'
import { concat } from '../content/bytes.ts'
import { listDirectory } from '../content/directory.ts'
import { type BlockSource, exportFile, type FileStat, stat } from '../content/export-file.ts'
import { StorageError } from '../errors.ts'

/** Entries of one archive: their names are checked, and kept, before the first byte goes out. */
export const MAX_TAR_ENTRIES = 100_000
/** Folders within folders. */
const MAX_TAR_DEPTH = 256
const BLOCK = 512
/** Bytes that the name field of ustar has. */
const NAME_BYTES = 100
/** Largest size that eleven octal digits tell. */
const MAX_OCTAL = 8 ** 11 - 1

/** Something to be archived. */
export interface TarEntry {
  readonly path: string
  readonly cid: CID
  readonly facts: FileStat
}

/**
 * The entries below `cid`, itself first under the name `root`.
 * @throws StorageError `STORAGE_MALFORMED` for a name that leads out of the root, `STORAGE_LIMIT`, `STORAGE_NOT_FOUND`
 */
export async function tarEntries(
  blocks: BlockSource,
  cid: CID,
  root: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<TarEntry[]> {
  const entries: TarEntry[] = []
  const stack: { path: string[]; cid: CID; depth: number }[] = [{ path: [], cid, depth: 0 }]
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (entries.length >= MAX_TAR_ENTRIES || at.depth > MAX_TAR_DEPTH)
      throw new StorageError('STORAGE_LIMIT', 'The tree is too large for an archive', { root: `${cid}` })
    const facts = await stat(blocks, at.cid, options)
    entries.push({ path: [root, ...at.path].join('/'), cid: at.cid, facts })
    if (facts.kind !== 'directory') continue
    const below: typeof stack = []
    for await (const { name, cid: child } of listDirectory(blocks, at.cid, { ...options, maxEntries: MAX_TAR_ENTRIES }))
      below.push({ path: inside([...at.path, ...name.split('/')], cid), cid: child, depth: at.depth + 1 })
    stack.push(...below.reverse())
  }
  return entries
}

/** The path without `.` and `..`. */
function inside(path: readonly string[], root: CID): string[] {
  const clean: string[] = []
  for (const part of path) {
    if (part === '' || part === '.') continue
    if (part !== '..') clean.push(part)
    else if (clean.pop() === undefined)
      throw new StorageError('STORAGE_MALFORMED', 'A name in the tree leads out of it', { root: `${root}` })
  }
  if (clean.length === 0)
    throw new StorageError('STORAGE_MALFORMED', 'A name in the tree leads out of it', { root: `${root}` })
  return clean
}

/** The archive of `entries`. Memory: what reading one file takes. */
export async function* writeTar(
  blocks: BlockSource,
  entries: readonly TarEntry[],
  options: { signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Uint8Array> {
  for (const { path, cid, facts } of entries) {
    yield header(path, facts)
    if (facts.kind !== 'file') continue
    yield* exportFile(blocks, cid, options)
    const rest = facts.size % BLOCK
    if (rest > 0) yield new Uint8Array(BLOCK - rest)
  }
  yield new Uint8Array(2 * BLOCK)
}

function header(path: string, facts: FileStat): Uint8Array {
  const text = new TextEncoder()
  const name = facts.kind === 'directory' ? `${path}/` : path
  const target = facts.target ?? ''
  const records: [string, string][] = []
  const plain = (value: string) => /^[\x20-\x7e]*$/.test(value) && value.length <= NAME_BYTES
  if (!plain(name)) records.push(['path', name])
  if (!plain(target)) records.push(['linkpath', target])
  if (facts.size > MAX_OCTAL) records.push(['size', String(facts.size)])
  const own = ustar(text.encode(name), { ...facts, size: Math.min(facts.size, MAX_OCTAL) }, text.encode(target))
  if (records.length === 0) return own
  const body = concat(records.map(([key, value]) => extended(key, value)))
  const padded = new Uint8Array(Math.ceil(body.length / BLOCK) * BLOCK)
  padded.set(body)
  return concat([block(text.encode('PaxHeader'), 'x', 0o644, body.length, 0, new Uint8Array(0)), padded, own])
}

/** `length key=value\n`, where the length counts itself. */
function extended(key: string, value: string): Uint8Array {
  const rest = new TextEncoder().encode(` ${key}=${value}\n`)
  let length = rest.length
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length
  return concat([new TextEncoder().encode(String(length)), rest])
}

const TYPES = { file: '0', symlink: '2', directory: '5' } as const

function ustar(name: Uint8Array, facts: FileStat, target: Uint8Array): Uint8Array {
  const mode = (facts.mode ?? (facts.kind === 'directory' ? 0o755 : 0o644)) & 0o7777
  const size = facts.kind === 'file' ? facts.size : 0
  return block(name, TYPES[facts.kind], mode, size, Math.max(0, facts.mtimeS ?? 0), target)
}

function block(
  name: Uint8Array,
  type: string,
  mode: number,
  size: number,
  mtimeS: number,
  target: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(BLOCK)
  const put = (at: number, value: string) => bytes.set(new TextEncoder().encode(value), at)
  const octal = (at: number, digits: number, value: number) => put(at, value.toString(8).padStart(digits, '0'))
  bytes.set(name.subarray(0, NAME_BYTES), 0)
  octal(100, 7, mode)
  octal(108, 7, 0)
  octal(116, 7, 0)
  octal(124, 11, size)
  octal(136, 11, Number.isSafeInteger(mtimeS) ? Math.min(mtimeS, MAX_OCTAL) : 0)
  put(148, '        ')
  put(156, type)
  bytes.set(target.subarray(0, NAME_BYTES), 157)
  put(257, 'ustar\u000000')
  let sum = 0
  for (const byte of bytes) sum += byte
  octal(148, 6, sum)
  put(154, '\u0000 ')
  return bytes
}
