/** U3 and U4: what can be said of a header and payload alone, without the DAG. */
import { DagError } from '../errors.ts'
import type { UnitHeader } from './header-fields.ts'
import { isAddress, isUnitId } from './id.ts'
import { FORMAT_BOUNDS, UNIT_LIMITS, type UnitLimits } from './limits.ts'

/**
 * Why a unit is refused. Stable codes.
 *
 * - `UNIT_FIELD`: a field has a value outside its type.
 * - `UNIT_PARENT_LIMIT`, `UNIT_AUTHOR_LIMIT`, `UNIT_MESSAGE_LIMIT`, `UNIT_PAYLOAD_LIMIT`, `UNIT_KEY_LIMIT`: a limit of U4.
 * - `UNIT_PARENT_ORDER`, `UNIT_PARENT_DUPLICATE`: parents not in the order of U3, or named twice.
 * - `UNIT_AUTHOR_ORDER`: authors not ascending and unique.
 * - `UNIT_AUTHOR_MISSING`: a unit that is not a genesis has no author.
 * - `UNIT_VALIDATOR_AUTHORS`: a validator unit has not exactly one author.
 * - `UNIT_SELF_PARENT`: the self-parent is not the first parent.
 * - `UNIT_ROUND`: a validator's round is not positive.
 * - `UNIT_VALIDITY`: `validUntilMci` is smaller than `lastFinal.mci`.
 * - `UNIT_ID`, `UNIT_MESSAGE_ROOT`, `UNIT_PAYLOAD_LENGTH`: what the header commits to is something else.
 * - `UNIT_SIGNATURE_COUNT`, `UNIT_SIGNATURE_KEY`, `UNIT_SIGNATURE`: not one valid signature of each author, in order.
 * - `UNIT_NETWORK`: of another network.
 * - `UNIT_SECOND_GENESIS`: has no parents, and is not this ledger's genesis.
 * - `UNIT_PARENT_ROUND`: a validator unit references its own round or a later one.
 * - `UNIT_PARENT_INVALID`: an ancestor that it waited for turned out invalid.
 * - `UNIT_EXPIRED`: needs an ancestor that pruning has dropped.
 */
export type UnitProblemCode =
  | 'UNIT_FIELD'
  | 'UNIT_PARENT_LIMIT'
  | 'UNIT_AUTHOR_LIMIT'
  | 'UNIT_MESSAGE_LIMIT'
  | 'UNIT_PAYLOAD_LIMIT'
  | 'UNIT_KEY_LIMIT'
  | 'UNIT_PARENT_ORDER'
  | 'UNIT_PARENT_DUPLICATE'
  | 'UNIT_AUTHOR_ORDER'
  | 'UNIT_AUTHOR_MISSING'
  | 'UNIT_VALIDATOR_AUTHORS'
  | 'UNIT_SELF_PARENT'
  | 'UNIT_ROUND'
  | 'UNIT_VALIDITY'
  | 'UNIT_ID'
  | 'UNIT_MESSAGE_ROOT'
  | 'UNIT_PAYLOAD_LENGTH'
  | 'UNIT_SIGNATURE_COUNT'
  | 'UNIT_SIGNATURE_KEY'
  | 'UNIT_SIGNATURE'
  | 'UNIT_NETWORK'
  | 'UNIT_SECOND_GENESIS'
  | 'UNIT_PARENT_ROUND'
  | 'UNIT_PARENT_INVALID'
  | 'UNIT_EXPIRED'

/** A broken rule: its code, and in words with the values. */
export interface UnitProblem {
  readonly code: UnitProblemCode
  readonly reason: string
}

function problem(code: UnitProblemCode, reason: string): UnitProblem {
  return { code, reason }
}

function isCount(value: unknown, max: number = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max
}

/** 68 years of rounds of a second; structures keep rounds in 32 bits. @internal */
export const MAX_ROUND = 0x7fffffff

const HASH = /^0x[0-9a-f]{64}$/

function fieldProblem(header: UnitHeader): UnitProblem | undefined {
  const bad = (field: string, value: unknown) => problem('UNIT_FIELD', `${field} is ${String(value)}`)
  if (header.version !== 1) return bad('version', header.version)
  if (!isCount(header.networkId, 0xffffffff)) return bad('networkId', header.networkId)
  if (!HASH.test(header.messageRoot)) return bad('messageRoot', header.messageRoot)
  if (!isCount(header.payloadLength, FORMAT_BOUNDS.payloadBytes)) return bad('payloadLength', header.payloadLength)
  if (!isCount(header.timestampMs)) return bad('timestampMs', header.timestampMs)
  if (!isCount(header.lastFinal.mci)) return bad('lastFinal.mci', header.lastFinal.mci)
  if (!isUnitId(header.lastFinal.id)) return bad('lastFinal.id', header.lastFinal.id)
  if (!isCount(header.validUntilMci)) return bad('validUntilMci', header.validUntilMci)
  if (header.validator && !isCount(header.validator.round, MAX_ROUND))
    return bad('validator.round', header.validator.round)
  for (const parent of header.parents) if (!isUnitId(parent)) return bad('a parent', parent)
  for (const author of header.authors) if (!isAddress(author)) return bad('an author', author)
  if (header.parents.length > FORMAT_BOUNDS.parents) return bad('the number of parents', header.parents.length)
  if (header.authors.length > FORMAT_BOUNDS.authors) return bad('the number of authors', header.authors.length)
  if (header.validator && header.validator.selfParent !== header.parents[0]) {
    return problem('UNIT_SELF_PARENT', `self-parent ${header.validator.selfParent} is not the first parent`)
  }
  return undefined
}

/** Throws `DAG_UNIT_INVALID` if the fields cannot be encoded at all. @internal */
export function assertHeaderFields(header: UnitHeader): void {
  const found = fieldProblem(header)
  if (found)
    throw new DagError('DAG_UNIT_INVALID', `header cannot be encoded: ${found.reason}`, { problem: found.code })
}

/**
 * Checks everything about a header that needs no other unit: types, order and number of parents and authors, U3's shape of
 * validator units, sizes. Returns the first broken rule, or undefined. Cost: linear in parents and authors, no hashing.
 */
export function validateHeaderShape(header: UnitHeader, limits: UnitLimits = UNIT_LIMITS): UnitProblem | undefined {
  const field = fieldProblem(header)
  if (field) return field
  const { parents, authors, validator } = header
  const maxParents = validator ? limits.validatorParents : limits.userParents
  if (parents.length > maxParents) {
    return problem('UNIT_PARENT_LIMIT', `${parents.length} parents, at most ${maxParents}`)
  }
  if (authors.length > limits.authors) {
    return problem('UNIT_AUTHOR_LIMIT', `${authors.length} authors, at most ${limits.authors}`)
  }
  if (header.payloadLength > limits.payloadBytes) {
    return problem('UNIT_PAYLOAD_LIMIT', `payload of ${header.payloadLength} bytes, at most ${limits.payloadBytes}`)
  }
  if (header.validUntilMci < header.lastFinal.mci) {
    return problem('UNIT_VALIDITY', `valid until ${header.validUntilMci}, before last final ${header.lastFinal.mci}`)
  }
  for (let i = 1; i < authors.length; i++) {
    if (authors[i - 1]! >= authors[i]!)
      return problem('UNIT_AUTHOR_ORDER', `author ${authors[i]} is not after ${authors[i - 1]}`)
  }
  if (parents.length > 0 && authors.length === 0) return problem('UNIT_AUTHOR_MISSING', 'no author')
  if (validator) {
    if (authors.length !== 1) return problem('UNIT_VALIDATOR_AUTHORS', `validator unit with ${authors.length} authors`)
    if (validator.round < 1) return problem('UNIT_ROUND', `round ${validator.round}, rounds of validators start at 1`)
  }
  return parentOrderProblem(header)
}

function parentOrderProblem({ parents, validator }: UnitHeader): UnitProblem | undefined {
  const first = validator ? 1 : 0
  for (let i = first + 1; i < parents.length; i++) {
    const [before, after] = [parents[i - 1]!, parents[i]!]
    if (before === after) return problem('UNIT_PARENT_DUPLICATE', `parent ${after} twice`)
    if (before > after) return problem('UNIT_PARENT_ORDER', `parent ${after} after ${before}`)
  }
  if (validator && parents.indexOf(validator.selfParent, 1) > 0) {
    return problem('UNIT_PARENT_DUPLICATE', `self-parent ${validator.selfParent} twice`)
  }
  return undefined
}
