/** Locks of versions: retention until a time, and legal holds. Source: Amazon S3 User Guide, "Locking objects with Object Lock". */
import { parseTime } from '../content/time.ts'
import { S3Failure } from './failure.ts'
import type { LockMode, LockRule, Retention } from './lock-records.ts'
import type { ObjectFacts, ObjectRecord } from './records.ts'
import { elementsOf, textOf, type XmlValue } from './xml.ts'

const DAY_MS = 24 * 3600 * 1000
const MAX_DAYS = 36_500
const MAX_YEARS = 100

function modeOf(text: string | null | undefined, code: 'MalformedXML' | 'InvalidArgument'): LockMode {
  if (text !== 'GOVERNANCE' && text !== 'COMPLIANCE') throw new S3Failure(code, 'A mode is GOVERNANCE or COMPLIANCE')
  return text
}

/** Reads an `ObjectLockConfiguration`. @throws S3Failure `MalformedXML`, `InvalidRetentionPeriod` */
export function parseLock(document: string): { readonly rule?: LockRule } {
  if (textOf(document, 'ObjectLockEnabled') !== 'Enabled')
    throw new S3Failure('MalformedXML', 'ObjectLockEnabled is Enabled')
  const rule = elementsOf(document, 'Rule')[0]
  if (rule === undefined) return {}
  const mode = modeOf(textOf(rule, 'Mode'), 'MalformedXML')
  const days = textOf(rule, 'Days')
  const years = textOf(rule, 'Years')
  if ((days === undefined) === (years === undefined)) throw new S3Failure('MalformedXML', 'A rule has days or years')
  const count = Number(days ?? years)
  const unit = days === undefined ? 'Years' : 'Days'
  if (!Number.isInteger(count) || count < 1 || count > (unit === 'Days' ? MAX_DAYS : MAX_YEARS))
    throw new S3Failure('InvalidRetentionPeriod', `1 … ${MAX_DAYS} days, or 1 … ${MAX_YEARS} years`)
  return { rule: { mode, unit, count } }
}

/** The configuration as children of its document. */
export function lockElements({ rule }: { readonly rule?: LockRule }): XmlValue {
  const retention = rule && { DefaultRetention: { Mode: rule.mode, [rule.unit]: rule.count } }
  return { ObjectLockEnabled: 'Enabled', Rule: retention }
}

/** Reads a `Retention`. @throws S3Failure `MalformedXML`, `InvalidArgument` */
export function parseRetention(document: string, nowMs: number): Retention | undefined {
  const mode = textOf(document, 'Mode')
  const until = textOf(document, 'RetainUntilDate')
  if (mode === undefined && until === undefined && document.includes('Retention')) return undefined
  return { mode: modeOf(mode, 'MalformedXML'), untilMs: timeOf(until, nowMs, 'MalformedXML') }
}

/** Reads a `LegalHold`. @throws S3Failure `MalformedXML` */
export function parseLegalHold(document: string): boolean {
  return holdOf(textOf(document, 'Status'), 'MalformedXML')
}

function holdOf(text: string | null | undefined, code: 'MalformedXML' | 'InvalidArgument'): boolean {
  if (text !== 'ON' && text !== 'OFF') throw new S3Failure(code, 'A legal hold is ON or OFF')
  return text === 'ON'
}

function timeOf(text: string | null | undefined, nowMs: number, code: 'MalformedXML' | 'InvalidArgument'): number {
  const untilMs = parseTime(text ?? '')
  if (Number.isNaN(untilMs)) throw new S3Failure(code, 'A retention has a date')
  if (untilMs <= nowMs) throw new S3Failure('InvalidArgument', 'The date of a retention lies ahead')
  return untilMs
}

/**
 * The locks of a new object: what its headers want, else what the rule of the bucket says.
 * @throws S3Failure `InvalidRequest` where the bucket has no locks, `InvalidArgument`
 */
export function locksOf(
  headers: Headers,
  lock: { readonly rule?: LockRule } | undefined,
  nowMs: number,
): Pick<ObjectFacts, 'retention' | 'legalHold'> {
  const mode = headers.get('x-amz-object-lock-mode')
  const until = headers.get('x-amz-object-lock-retain-until-date')
  const hold = headers.get('x-amz-object-lock-legal-hold')
  const asked = mode !== null || until !== null
  if ((asked || hold !== null) && lock === undefined)
    throw new S3Failure('InvalidRequest', 'The bucket was not made for object locks')
  if (asked && (mode === null || until === null))
    throw new S3Failure('InvalidArgument', 'A retention has a mode and a date')
  const locks: { retention?: Retention; legalHold?: boolean } = {}
  if (asked)
    locks.retention = { mode: modeOf(mode, 'InvalidArgument'), untilMs: timeOf(until, nowMs, 'InvalidArgument') }
  else if (lock?.rule !== undefined) locks.retention = { mode: lock.rule.mode, untilMs: nowMs + spanMs(lock.rule) }
  if (hold !== null) locks.legalHold = holdOf(hold, 'InvalidArgument')
  return locks
}

function spanMs({ unit, count }: LockRule): number {
  return count * DAY_MS * (unit === 'Years' ? 365 : 1)
}

/** Refuses to remove a version that is locked. `bypass`: the request wants to lift governance, and may. @throws S3Failure `AccessDenied` */
export function checkUnlocked(record: ObjectRecord | undefined, nowMs: number, bypass: boolean): void {
  if (record?.legalHold) throw new S3Failure('AccessDenied', 'The version is under legal hold')
  const { retention } = record ?? {}
  if (retention === undefined || retention.untilMs <= nowMs) return
  if (retention.mode === 'COMPLIANCE' || !bypass) throw new S3Failure('AccessDenied', 'The version is retained')
}

/** Refuses a weaker retention in the place of one that holds. @throws S3Failure `AccessDenied` */
export function checkRetentionChange(
  present: Retention | undefined,
  wanted: Retention | undefined,
  nowMs: number,
  bypass: boolean,
): void {
  if (present === undefined || present.untilMs <= nowMs) return
  const longer = wanted !== undefined && wanted.untilMs >= present.untilMs
  if (longer && wanted.mode === present.mode) return
  if (present.mode === 'COMPLIANCE' || !bypass) throw new S3Failure('AccessDenied', 'The version is retained')
}

/** The locks of a version as headers. */
export function lockHeaders(record: ObjectRecord, iso: (ms: number) => string): Record<string, string> {
  const headers: Record<string, string> = {}
  if (record.retention !== undefined) {
    headers['x-amz-object-lock-mode'] = record.retention.mode
    headers['x-amz-object-lock-retain-until-date'] = iso(record.retention.untilMs)
  }
  if (record.legalHold !== undefined) headers['x-amz-object-lock-legal-hold'] = record.legalHold ? 'ON' : 'OFF'
  return headers
}
