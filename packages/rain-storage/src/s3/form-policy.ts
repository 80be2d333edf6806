/** Policies of form uploads: what a form that was signed beforehand may hold. Source: Amazon S3 API Reference, "POST Policy". */
import { parseTime } from '../content/time.ts'
import { S3Failure } from './failure.ts'

/** Sizes that the file may have, in bytes. */
export interface SizeRange {
  readonly min: number
  readonly max: number
}

type Condition = { readonly field: string; readonly test: (value: string) => boolean }

/** Fields that need no condition: they are the policy, are checked against the file, or are not looked at. */
const FREE = /^(?:policy|file|x-amz-signature|x-amz-checksum-.*|x-ignore-.*)$/

const invalid = (message: string) => new S3Failure('InvalidPolicyDocument', message)

/**
 * Checks the fields of a form against its policy, every field but the {@link FREE} ones and every condition, and gives the sizes that the file may have.
 * `fields` has the bucket besides, so a policy that does not name it holds for none.
 * @throws S3Failure `InvalidPolicyDocument`, `AccessDenied`
 */
export function checkFormPolicy(policy: string, fields: ReadonlyMap<string, string>, nowMs: number): SizeRange {
  const { expiration, conditions } = documentOf(policy)
  const expiresMs = parseTime(expiration)
  if (expiresMs <= nowMs) throw new S3Failure('AccessDenied', 'The policy has expired')
  const covered = new Set<string>()
  let size: SizeRange = { min: 0, max: Number.POSITIVE_INFINITY }
  for (const entry of conditions) {
    const condition = conditionOf(entry)
    if ('min' in condition) {
      size = { min: Math.max(size.min, condition.min), max: Math.min(size.max, condition.max) }
      continue
    }
    const value = fields.get(condition.field)
    if (value === undefined || !condition.test(value))
      throw new S3Failure('AccessDenied', `The policy does not allow this ${condition.field}`)
    covered.add(condition.field)
  }
  for (const field of fields.keys()) {
    if (!FREE.test(field) && !covered.has(field))
      throw new S3Failure('AccessDenied', `The policy has no condition for ${field}`)
  }
  return size
}

function documentOf(policy: string): { expiration: string; conditions: readonly unknown[] } {
  let document: unknown
  try {
    const bytes = Uint8Array.from(atob(policy), (character) => character.charCodeAt(0))
    document = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw invalid('The policy is not the base64 of JSON')
  }
  if (typeof document !== 'object' || document === null) throw invalid('The policy is an object')
  const { expiration, conditions } = document as { readonly expiration?: unknown; readonly conditions?: unknown }
  if (typeof expiration !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(expiration))
    throw invalid('An expiration is written as 2026-08-01T12:00:00Z')
  if (!Array.isArray(conditions)) throw invalid('The policy has conditions')
  return { expiration, conditions: conditions as unknown[] }
}

function conditionOf(entry: unknown): Condition | SizeRange {
  if (!Array.isArray(entry)) {
    const pairs = typeof entry === 'object' && entry !== null ? Object.entries(entry as Record<string, unknown>) : []
    const [field, wanted] = pairs[0] ?? []
    if (pairs.length !== 1 || field === undefined || typeof wanted !== 'string')
      throw invalid('A condition names one field and its text')
    return { field: field.toLowerCase(), test: (value) => value === wanted }
  }
  const [kind, field, wanted] = entry as unknown[]
  if (entry.length !== 3 || typeof kind !== 'string') throw invalid('A condition has three members')
  const name = kind.toLowerCase()
  if (name === 'content-length-range') {
    const [min, max] = [Number(field), Number(wanted)]
    if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || min < 0 || max < min)
      throw invalid('A range of sizes has two numbers')
    return { min, max }
  }
  if ((name !== 'eq' && name !== 'starts-with') || typeof field !== 'string' || typeof wanted !== 'string')
    throw invalid('A condition is eq, starts-with or content-length-range')
  if (!field.startsWith('$')) throw invalid('A field begins with $')
  const test = (value: string) => (name === 'eq' ? value === wanted : value.startsWith(wanted))
  return { field: field.slice(1).toLowerCase(), test }
}
