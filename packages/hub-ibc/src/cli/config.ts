import { HubError } from '../errors.ts'

/** One chain of a path in the configuration file. */
export interface ChainConfig {
  /** A module that exports `createEndpoint(options)`, relative to the file or a package name. */
  readonly module: string
  readonly options?: Readonly<Record<string, unknown>>
  readonly clientId: string
  readonly channels?: readonly { readonly port: string; readonly channel: string; readonly ordered?: boolean }[]
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

/** The configuration in `text`. Throws `HUB_INVALID_ARGUMENT` that says which field is wrong. */
export function parseConfig(text: string): RelayConfig {
  const fail = (field: string) => new HubError('HUB_INVALID_ARGUMENT', `configuration: ${field}`, { field })
  let raw: RelayConfig
  try {
    raw = JSON.parse(text) as RelayConfig
  } catch (cause) {
    throw new HubError('HUB_INVALID_ARGUMENT', 'configuration: not JSON', {}, { cause })
  }
  if (!isText(raw.signer)) throw fail('"signer" must be text')
  if (!isText(raw.cursorFile)) throw fail('"cursorFile" must be a file name')
  if (!Array.isArray(raw.paths) || raw.paths.length === 0) throw fail('"paths" must list at least one path')
  for (const path of raw.paths) {
    if (!isText(path.name)) throw fail('every path needs a "name"')
    for (const side of ['a', 'b'] as const) {
      const chain = path[side]
      if (!isText(chain?.module) || !isText(chain.clientId))
        throw fail(`path "${path.name}": "${side}" needs "module" and "clientId"`)
    }
  }
  return raw
}
