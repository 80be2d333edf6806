/**
 * `zlib.lock`: what a build of an application was made of. Facets are at addresses that commit to their code, so equal locks mean equal
 * code on every chain that has the standard factory.
 */
import { keccak256, toUtf8Bytes } from 'ethers'
import { NO_METADATA, OPTIMIZER } from '../compile/compile.ts'
import { ZlibError } from '../errors.ts'
import type { SplitContract } from '../split/split.ts'

/** Version of the format. */
const FORMAT = 1

/** A facet as a lock names it. */
export interface LockedFacet {
  readonly address: `0x${string}`
  readonly codeHash: `0x${string}`
}

/** One application. */
export interface LockedApplication {
  /** Version of the compiler. */
  readonly compiler: string
  /** keccak256 of the compiler's settings. */
  readonly settings: `0x${string}`
  readonly facets: readonly LockedFacet[]
  /** keccak256 of the router's creation code, without constructor arguments. */
  readonly router: `0x${string}`
}

/** All applications of a project, by name. */
export type Lock = Readonly<Record<string, LockedApplication>>

/** What a build fixes of one application. `compiler` is the version that compiled it. */
export function lockApplication(split: SplitContract, compiler: string): LockedApplication {
  return {
    compiler,
    settings: keccak256(toUtf8Bytes(JSON.stringify([OPTIMIZER, NO_METADATA]))) as `0x${string}`,
    facets: split.facets.map(({ address, codeHash }) => ({ address, codeHash })),
    router: keccak256(split.router) as `0x${string}`,
  }
}

/** What two builds of one application differ in, in words; empty when they are the same on every chain. */
export function lockDifferences(locked: LockedApplication, built: LockedApplication): string[] {
  const differences: string[] = []
  if (locked.compiler !== built.compiler) differences.push(`compiler ${locked.compiler} became ${built.compiler}`)
  if (locked.settings !== built.settings) differences.push('the compiler settings changed')
  const before = new Set(locked.facets.map(({ address }) => address))
  const after = new Set(built.facets.map(({ address }) => address))
  for (const address of before) if (!after.has(address)) differences.push(`facet ${address} is gone`)
  for (const address of after) if (!before.has(address)) differences.push(`facet ${address} is new`)
  if (locked.router !== built.router) differences.push('the router changed')
  return differences
}

/** The text of a lock: sorted by name, the same for the same content. */
export function formatLock(lock: Lock): string {
  const applications = Object.fromEntries(
    Object.keys(lock)
      .sort()
      .map((name) => {
        const { compiler, settings, facets, router } = lock[name]!
        return [
          name,
          { compiler, settings, facets: facets.map(({ address, codeHash }) => ({ address, codeHash })), router },
        ]
      }),
  )
  return `${JSON.stringify({ zlib: FORMAT, applications }, null, 2)}\n`
}

/** Reads a lock. Errors: `ZLIB_BAD_LOCK` with where it is wrong. */
export function parseLock(text: string): Lock {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw badLock('it is not JSON', cause)
  }
  const root = object(value, 'the lock')
  if (root.zlib !== FORMAT) throw badLock(`its format is ${String(root.zlib)}, this version reads ${FORMAT}`)
  const applications = Object.entries(object(root.applications, 'applications')).map(([name, entry]) => {
    const { compiler, settings, facets, router } = object(entry, name)
    if (typeof compiler !== 'string') throw badLock(`${name} has no compiler`)
    if (!Array.isArray(facets)) throw badLock(`${name} has no facets`)
    return [
      name,
      {
        compiler,
        settings: hex(settings, 32, `settings of ${name}`),
        facets: facets.map((facet, index) => {
          const where = `facet ${index} of ${name}`
          const { address, codeHash } = object(facet, where)
          return { address: hex(address, 20, where), codeHash: hex(codeHash, 32, where) }
        }),
        router: hex(router, 32, `router of ${name}`),
      },
    ] as const
  })
  return Object.fromEntries(applications)
}

function object(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badLock(`${where} is not an object`)
  return value as Record<string, unknown>
}

function hex(value: unknown, bytes: number, where: string): `0x${string}` {
  if (typeof value !== 'string' || !new RegExp(`^0x[0-9a-fA-F]{${2 * bytes}}$`).test(value))
    throw badLock(`${where} is not ${bytes} bytes in hex`)
  return value as `0x${string}`
}

function badLock(reason: string, cause?: unknown): ZlibError {
  return new ZlibError('ZLIB_BAD_LOCK', `zlib.lock cannot be read: ${reason}`, { reason }, { cause })
}
