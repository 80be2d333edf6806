import type { CID } from 'multiformats/cid'
import { CdnError } from '../../errors.ts'
import { type EdgeRunOptions, rawCid } from '../run/pool.ts'
import { toHex } from './headers.ts'
import { encodeStatement, type SignedResult, verifyResult } from './record.ts'

/** A place that runs functions and signs what comes out. */
export interface EdgeRunner {
  readonly id: string
  /** Resolves with the signed result also where the function failed; rejects when the runner did. */
  run(code: CID, input: Uint8Array, options: EdgeRunOptions): Promise<{ signed: SignedResult; output: Uint8Array }>
}

/**
 * How many runners must say the same, which count, and what the run may use. All runners get the same grants, else they
 * could not agree.
 */
export interface AgreementOptions extends EdgeRunOptions {
  /** Runners that must say the same: 1 up to their number. */
  readonly agree: number
  /** Pages of memory, 64 KiB each, that runners must grant. Default 256, as that of a pool. */
  readonly memoryPages?: number
  /** Ed25519 keys of runners that are believed; without them anybody counts, once for each key. */
  readonly trusted?: readonly Uint8Array[]
}

/** What enough runners signed alike, and what the others said until then. */
export interface Agreement {
  /** Empty where they agree that the function fails: `signed[0].record.status` says how it ended. */
  readonly output: Uint8Array
  /** What they signed, one of each runner that agreed. */
  readonly signed: readonly SignedResult[]
  /** Signed results that say otherwise: as execution is deterministic, each is evidence against its runner. */
  readonly dissent: readonly { readonly runner: string; readonly signed: SignedResult }[]
  /** Runners that gave nothing that counts, and why. */
  readonly failed: readonly { readonly runner: string; readonly reason: string }[]
}

/**
 * Asks all runners at once and resolves as soon as `agree` of them have signed the same; the others are aborted then. Safe as long as fewer than
 * `agree` runners lie together.
 * @throws CdnError `CDN_EDGE_DISAGREEMENT` with what each said; `CDN_INVALID_ARGUMENT`; the signal's reason
 */
export async function runWithAgreement(
  runners: readonly EdgeRunner[],
  code: CID,
  input: Uint8Array,
  { agree, trusted, memoryPages = 256, ...options }: AgreementOptions,
): Promise<Agreement> {
  if (!Number.isInteger(agree) || agree < 1 || agree > runners.length)
    throw new CdnError('CDN_INVALID_ARGUMENT', `${agree} of ${runners.length} runners`, { agree })
  const { fuel = 1e9, nowMs, seed, signal } = options
  signal?.throwIfAborted()
  const expected = {
    function: code,
    input: await rawCid(input),
    fuelLimit: fuel,
    memoryPages,
    ...(nowMs !== undefined && { nowMs }),
    ...(seed && { seed }),
    ...(trusted && { runners: trusted }),
  }
  const enough = new AbortController()
  const groups = new Map<string, { runner: string; signed: SignedResult; output: Uint8Array }[]>()
  const failed: { runner: string; reason: string }[] = []
  const counted = new Set<string>()
  let agreed: string | undefined
  const ask = async (runner: EdgeRunner): Promise<void> => {
    const both = signal ? AbortSignal.any([signal, enough.signal]) : enough.signal
    const { signed, output } = await runner.run(code, input, { ...options, fuel, signal: both })
    const verdict = await verifyResult(signed, { ...expected, output: await rawCid(output) })
    if (verdict.status === 'invalid') throw new Error(verdict.reason)
    const { record } = signed
    if ((nowMs === undefined && record.nowMs !== undefined) || (!seed && record.seed))
      throw new Error('it took what was not granted')
    const key = toHex(signed.record.runner)
    if (counted.has(key)) throw new Error('this key has answered already')
    counted.add(key)
    const statement = toHex(encodeStatement(signed.record))
    const group = groups.get(statement) ?? []
    group.push({ runner: runner.id, signed, output })
    groups.set(statement, group)
    if (group.length < agree || agreed !== undefined) return
    agreed = statement
    enough.abort()
  }
  // Runners that do not listen to their signal are not waited for.
  const over = new Promise<void>((resolve) => {
    for (const stop of signal ? [signal, enough.signal] : [enough.signal])
      stop.addEventListener('abort', () => resolve(), { once: true })
  })
  const all = Promise.all(
    runners.map((runner) =>
      ask(runner).catch((error) => {
        if (enough.signal.aborted) return
        failed.push({ runner: runner.id, reason: error instanceof Error ? error.message : String(error) })
      }),
    ),
  )
  await Promise.race([all, over])
  signal?.throwIfAborted()
  const others = (chosen?: string) =>
    [...groups]
      .filter(([statement]) => statement !== chosen)
      .flatMap(([, group]) => group.map(({ runner, signed }) => ({ runner, signed })))
  if (agreed === undefined)
    throw new CdnError('CDN_EDGE_DISAGREEMENT', `no ${agree} of ${runners.length} runners said the same`, {
      said: others(),
      failed,
    })
  const group = groups.get(agreed)!
  return { output: group[0]!.output, signed: group.map(({ signed }) => signed), dissent: others(agreed), failed }
}
