import { readFileSync } from 'node:fs'
import type { Key, Plan } from '../generator.ts'

/** What a peer reached. `undefined` in its place where it is not installed. */
export interface PeerResult {
  readonly tps: number
  /** Of its own process (or of the call, for one in this process); NaN where the system does not tell. */
  readonly cpuMicrosPerTx: number
}

/** Transfers from each of the keys in turn, nonces in order. */
export function plansInTurn(keys: readonly Key[], count: number): Plan[] {
  return Array.from({ length: count }, (_, i) => ({
    from: keys[i % keys.length]!,
    to: keys[(i * 7 + 1) % keys.length]!.address,
    nonce: BigInt(Math.floor(i / keys.length)),
    amount: 1n,
  }))
}

/** User and system time of a process, Linux only; NaN elsewhere. */
export function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return Number.NaN
  }
}

export const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`
