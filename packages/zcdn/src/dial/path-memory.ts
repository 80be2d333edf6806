import type { Clock } from '../clock.ts'
import { type Address, prefixOf } from './address.ts'

/** A failure is held against a prefix this long: RFC 8305 §5 lets clients use history, and networks change. */
const FORGET_MS = 10 * 60_000
/** Prefixes remembered at most; the oldest goes. */
const MAX_PREFIXES = 1024

/** Remembers which prefixes did not connect lately, so that the next dial does not begin with them. */
export class PathMemory {
  private readonly failedAt = new Map<string, number>()
  private readonly clock: Clock

  constructor(clock: Clock) {
    this.clock = clock
  }
  failed(address: Address): void {
    const prefix = prefixOf(address)
    this.failedAt.delete(prefix)
    this.failedAt.set(prefix, this.clock.now())
    if (this.failedAt.size > MAX_PREFIXES) this.failedAt.delete(this.failedAt.keys().next().value!)
  }
  worked(address: Address): void {
    this.failedAt.delete(prefixOf(address))
  }
  isDoubtful(address: Address): boolean {
    const at = this.failedAt.get(prefixOf(address))
    return at !== undefined && this.clock.now() - at < FORGET_MS
  }
}
