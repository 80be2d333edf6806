import { join } from 'node:path'
import { NodeError } from '../errors.ts'

/**
 * What a node is there for (the honeycomb of the whitepaper). `worker`: a light node that serves what it has proved. `verifier`: executes and checks
 * everything, keeps the last epochs. `guardian`: keeps all of history, with an index, and
 * shards of files for others. `queen`: a validator.
 */
export const ROLES = ['worker', 'verifier', 'guardian', 'queen'] as const
export type Role = (typeof ROLES)[number]

const GUARDIAN_STORAGE_GB = 10

export interface RoleSettings {
  readonly role: string | undefined
  readonly 'validator-key': string | undefined
  readonly sources: readonly string[]
  readonly pruning: string | undefined
  readonly index: string | undefined
  readonly 'storage-gb': number | undefined
  readonly 'data-dir': string
}

/** The role that was asked for, or the one that the other settings make: a validator's key makes a queen. Errors: `NODE_INVALID_ARGUMENT`. */
export function roleOf({ role, sources, 'validator-key': key }: RoleSettings): Role {
  const named = role ?? (key === undefined ? 'verifier' : 'queen')
  if (!ROLES.includes(named as Role)) throw invalid(`--role is one of ${ROLES.join(', ')}, not ${named}`)
  if (named === 'queen' && key === undefined) throw invalid('a queen needs --validator-key')
  if (named !== 'queen' && key !== undefined) throw invalid(`a ${named} signs nothing: leave --validator-key away`)
  if (named === 'worker' && sources.length === 0)
    throw invalid('a worker needs --sources: JSON-RPC URLs of nodes to ask')
  if (named !== 'worker' && sources.length > 0) throw invalid(`--sources are for a worker; a ${named} has --peers`)
  return named as Role
}

/** What of history the role keeps, unless the settings say otherwise. */
export function keepingOf(
  role: Role,
  settings: RoleSettings,
): { pruning: 'full' | 'archive'; index?: string; storageGb: number } {
  const pruning = settings.pruning ?? (role === 'guardian' ? 'archive' : 'full')
  if (pruning !== 'full' && pruning !== 'archive') throw invalid(`--pruning must be full or archive, not ${pruning}`)
  const index = settings.index ?? (role === 'guardian' ? join(settings['data-dir'], 'index.sqlite') : undefined)
  const storageGb = settings['storage-gb'] ?? (role === 'guardian' ? GUARDIAN_STORAGE_GB : 0)
  return { pruning, storageGb, ...(index === undefined ? {} : { index }) }
}

function invalid(message: string): NodeError {
  return new NodeError('NODE_INVALID_ARGUMENT', message)
}
