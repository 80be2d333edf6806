/** What the index keeps of locks. */

/** `GOVERNANCE` can be lifted by who may bypass it, `COMPLIANCE` by nobody. */
export type LockMode = 'GOVERNANCE' | 'COMPLIANCE'

/** A version stays until then. */
export interface Retention {
  readonly mode: LockMode
  readonly untilMs: number
}

/** The retention of new objects that bring none. */
export interface LockRule {
  readonly mode: LockMode
  readonly unit: 'Days' | 'Years'
  readonly count: number
}
