import type { LightChain } from './chain.ts'
import type { LightStatus } from './core.ts'

/** What a page tells its light node in a worker. */
export type ToWorker =
  | {
      readonly type: 'start'
      readonly chain: LightChain
      readonly checkpoint: { readonly epoch: number; readonly id: string } | undefined
      readonly sources: readonly string[]
      readonly maxTrustAgeMs: number
      readonly evm: boolean | string
    }
  | { readonly type: 'request'; readonly id: number; readonly method: string; readonly params: readonly unknown[] }
  | { readonly type: 'close' }

/** An error that goes through a message channel. */
export interface SentError {
  readonly name: string
  readonly message: string
  readonly code: number
  readonly lightCode?: string
  /** Of a revert. */
  readonly data?: unknown
  readonly context?: Record<string, unknown>
}

/** What the worker tells its page. */
export type FromWorker =
  | { readonly type: 'started'; readonly error?: SentError }
  | { readonly type: 'status'; readonly status: LightStatus }
  | { readonly type: 'answer'; readonly id: number; readonly result?: unknown; readonly error?: SentError }
  | { readonly type: 'closed' }
