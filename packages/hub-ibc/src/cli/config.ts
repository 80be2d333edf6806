import { HubError } from '../errors.ts'

/** One chain of a path in the configuration file. */
export interface ChainConfig {
  /** A module that exports `createEndpoint(options)`, relative to the file or a package name. */
  readonly module: string
  readonly options?: Readonly<Record<string, unknown>>
  readonly clientId: string
  readonly channels?: readonly { readonly port: string; readonly channel: string; readonly ordered?: boolean }[]
  /** The block from which a relayer without a mark reads; default the first. */
  readonly startHeight?: number
}

export interface PathConfig {
  readonly name: string
  readonly a: ChainConfig
  readonly b: ChainConfig
}

/** `zos-relay`'s configuration file. */
export interface RelayConfig {
  readonly signer: string
  readonly paths: readonly PathConfig[]
  /** Where marks are kept; relative to the file. */
  readonly cursorFile: string
  /** Milliseconds between rounds when there is nothing to do; default 1,000. */
  readonly idleMs?: number
  readonly batchSize?: number
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isCount = (value: unknown, least: number, most: number) =>
  value === undefined || (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most)

/** Messages in one submission: more fit no chain's block. */
const MAX_BATCH = 10_000
/** An hour. */
const MAX_IDLE_MS = 3_600_000

const fail = (field: string) => new HubError('HUB_INVALID_ARGUMENT', `configuration: ${field}`, { field })

/** A misspelt field would otherwise be one that does nothing. */
function onlyKnown(object: Record<string, unknown>, known: readonly string[], where: string): void {
  const unknown = Object.keys(object).find((name) => !known.includes(name))
  if (unknown !== undefined) throw fail(`${where} has no field "${unknown}"; there are ${known.join(', ')}`)
}

function checkChain(chain: unknown, where: string, connected: boolean): void {
  if (!isObject(chain)) throw fail(`${where} must be an object`)
  onlyKnown(chain, ['module', 'options', 'clientId', 'channels', 'startHeight'], where)
  if (!isText(chain.module) || (connected && !isText(chain.clientId)))
    throw fail(`${where} needs "module"${connected ? ' and "clientId"' : ''}`)
  if (chain.options !== undefined && !isObject(chain.options)) throw fail(`${where}: "options" must be an object`)
  if (!isCount(chain.startHeight, 1, Number.MAX_SAFE_INTEGER))
    throw fail(`${where}: "startHeight" must be a block number from 1`)
  const { channels = [] } = chain
  if (!Array.isArray(channels)) throw fail(`${where}: "channels" must be a list`)
  for (const channel of channels as unknown[]) {
    if (!isObject(channel) || !isText(channel.port) || !isText(channel.channel))
      throw fail(`${where}: every channel needs "port" and "channel"`)
    onlyKnown(channel, ['port', 'channel', 'ordered'], `${where}: a channel`)
    if (channel.ordered !== undefined && typeof channel.ordered !== 'boolean')
      throw fail(`${where}: "ordered" must be true or false`)
  }
}

/** The configuration in `text`; paths that are not `connected` need no clients yet. Throws `HUB_INVALID_ARGUMENT` that says which field is wrong. */
export function parseConfig(text: string, { connected = true }: { connected?: boolean } = {}): RelayConfig {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch (cause) {
    throw new HubError('HUB_INVALID_ARGUMENT', 'configuration: not JSON', {}, { cause })
  }
  if (!isObject(raw)) throw fail('the file must hold an object')
  onlyKnown(raw, ['signer', 'cursorFile', 'batchSize', 'idleMs', 'paths'], 'the file')
  if (!isText(raw.signer)) throw fail('"signer" must be text')
  if (!isText(raw.cursorFile)) throw fail('"cursorFile" must be a file name')
  if (!isCount(raw.batchSize, 1, MAX_BATCH)) throw fail(`"batchSize" must be a number from 1 to ${MAX_BATCH}`)
  if (!isCount(raw.idleMs, 0, MAX_IDLE_MS)) throw fail(`"idleMs" must be a number from 0 to ${MAX_IDLE_MS}`)
  if (!Array.isArray(raw.paths) || raw.paths.length === 0) throw fail('"paths" must list at least one path')
  const names = new Set<string>()
  for (const path of raw.paths as unknown[]) {
    if (!isObject(path) || !isText(path.name)) throw fail('every path needs a "name"')
    if (names.has(path.name)) throw fail(`two paths are named "${path.name}"`)
    names.add(path.name)
    onlyKnown(path, ['name', 'a', 'b'], `path "${path.name}"`)
    for (const side of ['a', 'b'] as const) checkChain(path[side], `path "${path.name}": "${side}"`, connected)
  }
  return raw as unknown as RelayConfig
}
