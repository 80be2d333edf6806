import { NodeError } from '../errors.ts'

/** A machine has this many cores at most, and each validator is a process. */
export const MAX_VALIDATORS = 30
/** Milliseconds. */
export const MAX_ROUND_INTERVAL_MS = 60_000
/** Each costs 3 ms to derive. */
export const MAX_ACCOUNTS = 1_000

export function invalid(message: string, context: Record<string, unknown> = {}): NodeError {
  return new NodeError('NODE_INVALID_ARGUMENT', message, context)
}

/** Checks what both kinds of local network take. Errors: `NODE_INVALID_ARGUMENT`. */
export function checkShape(options: {
  validators: number
  port: number
  roundIntervalMs: number
  accounts?: number | undefined
}): void {
  const { validators, port, roundIntervalMs, accounts = 1 } = options
  if (!Number.isInteger(validators) || validators < 1 || validators > MAX_VALIDATORS)
    throw invalid(`--validators must be 1 to ${MAX_VALIDATORS}`, { validators })
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw invalid('--port must be 0 to 65535', { port })
  if (!Number.isFinite(roundIntervalMs) || roundIntervalMs < 0 || roundIntervalMs > MAX_ROUND_INTERVAL_MS)
    throw invalid(`--round-interval must be 0 to ${MAX_ROUND_INTERVAL_MS} milliseconds`, { roundIntervalMs })
  if (!Number.isInteger(accounts) || accounts < 1 || accounts > MAX_ACCOUNTS)
    throw invalid(`--accounts must be 1 to ${MAX_ACCOUNTS}`, { accounts })
}
