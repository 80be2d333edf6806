import { sleep } from '../../src/clock.ts'
import type { Source } from '../../src/download/source.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** One simulated server behind a link of its own. */
export interface SimulatedLink {
  id: string
  /** Bits a second, may change with virtual time; 0 sends nothing. */
  bitsPerSecond: number | ((ms: number) => number)
  /** From a request to its first byte, without the transmission. */
  latencyMs?: number
  /** Returns bytes to send in place of the true ones. */
  corrupt?: (bytes: Uint8Array, offset: number) => Uint8Array
  /** From this time on requests fail. */
  failsFromMs?: number
  parallel?: number
}

const CHUNK = 8192

/** A source whose bytes take virtual time; its requests share the link chunk by chunk. */
export function simulatedSource(
  clock: VirtualClock,
  content: Uint8Array,
  link: SimulatedLink,
): Source & { sent: number } {
  let freeAt = 0
  const rateAt = (ms: number) =>
    (typeof link.bitsPerSecond === 'number' ? link.bitsPerSecond : link.bitsPerSecond(ms)) / 8000
  const fails = () => link.failsFromMs !== undefined && clock.now() >= link.failsFromMs
  const source = {
    id: link.id,
    ...(link.parallel ? { parallel: link.parallel } : {}),
    sent: 0,
    async *read({ start, end }: { start: number; end: number }, { signal }: { signal: AbortSignal }) {
      if (fails()) throw new Error('connection refused')
      await sleep(clock, link.latencyMs ?? 0, signal)
      for (let at = start; at < end; at += CHUNK) {
        const bytes = content.subarray(at, Math.min(end, at + CHUNK))
        while (rateAt(clock.now()) <= 0) await sleep(clock, 50, signal)
        freeAt = Math.max(freeAt, clock.now()) + bytes.length / rateAt(clock.now())
        await sleep(clock, freeAt - clock.now(), signal)
        if (fails()) throw new Error('connection reset')
        source.sent += bytes.length
        yield link.corrupt ? link.corrupt(bytes, at) : bytes
      }
    },
  }
  return source
}
