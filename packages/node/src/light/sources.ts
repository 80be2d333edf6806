import { LightError, SourceFault, SourceMiss } from './errors.ts'

/** Who answers questions: a node's JSON-RPC URL, or anything else that can be asked. Nothing that it says is believed. */
export type LightSource =
  | string
  | {
      readonly id: string
      request(method: string, params: readonly unknown[], options: { signal: AbortSignal }): Promise<unknown>
    }

/** How a source has done. */
export interface SourceStatus {
  readonly id: string
  /** `failing` ones are asked last, `banned` ones, which lied, never again. */
  readonly state: 'unknown' | 'good' | 'failing' | 'banned'
  /** What it did wrong, or why it does not answer. */
  readonly reason?: string
}

/** An answer that takes longer does not come. */
const REQUEST_TIMEOUT_MS = 10_000
/** Bytes of an answer: a full block's body and some. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024
/** A source that fails is asked last for this long. */
const FAILING_MS = 5_000

interface Entry {
  readonly id: string
  readonly request: (method: string, params: readonly unknown[], signal: AbortSignal) => Promise<unknown>
  state: SourceStatus['state']
  reason: string | undefined
  failedAt: number
}

/** One source, for the length of one task. */
export type Ask = (method: string, ...params: unknown[]) => Promise<unknown>

/** An error object that a source answered with. */
export class SourceRefusal extends Error {
  override readonly name = 'SourceRefusal'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** A source did not answer at all. */
class SourceDown extends Error {
  override readonly name = 'SourceDown'
}

/** The sources of a light node: each task goes to one of them, and to the next when it fails. Who lies is never asked again. */
export class Sources {
  readonly #entries: Entry[]
  readonly #now: () => number
  readonly #signal: AbortSignal
  readonly #onChange: () => void
  #turn = 0

  constructor(
    sources: readonly LightSource[],
    options: { now: () => number; signal: AbortSignal; onChange: () => void },
  ) {
    if (sources.length === 0) throw new LightError('LIGHT_INVALID_ARGUMENT', 'at least one source is needed')
    this.#entries = sources.map((source) => ({
      ...(typeof source === 'string'
        ? { id: source, request: httpRequest(source) }
        : { id: source.id, request: (method, params, signal) => source.request(method, params, { signal }) }),
      state: 'unknown',
      reason: undefined,
      failedAt: Number.NEGATIVE_INFINITY,
    }))
    this.#now = options.now
    this.#signal = options.signal
    this.#onChange = options.onChange
  }

  status(): SourceStatus[] {
    return this.#entries.map(({ id, state, reason }) => ({ id, state, ...(reason ? { reason } : {}) }))
  }

  /** Moves on, so that the next task begins with another source: none decides alone what is new. */
  rotate(): void {
    this.#turn++
  }

  /**
   * Runs `task` with one source after the other until it succeeds. A {@link SourceFault} bans the source. `LIGHT_NO_SOURCE` when nobody is
   * left; what was missing everywhere is the last {@link SourceMiss}.
   */
  async run<T>(task: (ask: Ask) => Promise<T>): Promise<T> {
    let miss: SourceMiss | undefined
    for (const entry of this.#order()) {
      this.#signal.throwIfAborted()
      try {
        const result = await task((method, ...params) => this.#ask(entry, method, params))
        this.#mark(entry, 'good')
        return result
      } catch (error) {
        if (this.#signal.aborted) throw error
        if (error instanceof SourceFault) this.#mark(entry, 'banned', error.message)
        else if (error instanceof SourceMiss) miss = error
        else if (error instanceof LightError) throw error
        else if (error instanceof SourceRefusal) miss = new SourceMiss(error.message)
        else if (error instanceof SourceDown) this.#mark(entry, 'failing', error.message)
        // The verifiers trip only over answers that are not of the form that they must have.
        else this.#mark(entry, 'banned', `malformed answer: ${String(error)}`)
      }
    }
    if (miss) throw miss
    throw new LightError('LIGHT_NO_SOURCE', 'no source answers', { sources: this.status() })
  }

  /** Runs `task` with all sources at once that are not banned; the results of those that succeed, and the refusals. */
  async all<T>(task: (ask: Ask) => Promise<T>): Promise<{ results: T[]; refusals: SourceRefusal[] }> {
    const results: T[] = []
    const refusals: SourceRefusal[] = []
    await Promise.all(
      this.#order().map(async (entry) => {
        try {
          results.push(await task((method, ...params) => this.#ask(entry, method, params)))
          this.#mark(entry, 'good')
        } catch (error) {
          if (error instanceof SourceRefusal) refusals.push(error)
          else if (error instanceof SourceFault) this.#mark(entry, 'banned', error.message)
          else if (error instanceof SourceDown) this.#mark(entry, 'failing', error.message)
          else if (!(error instanceof SourceMiss)) this.#mark(entry, 'banned', `malformed answer: ${String(error)}`)
        }
      }),
    )
    return { results, refusals }
  }

  /** Those that answer first, those that failed lately last; the banned not at all. */
  #order(): Entry[] {
    const now = this.#now()
    const count = this.#entries.length
    const turned = this.#entries.map((_, i) => this.#entries[(i + this.#turn) % count]!)
    const usable = turned.filter(({ state }) => state !== 'banned')
    const failing = (entry: Entry) => entry.state === 'failing' && now - entry.failedAt < FAILING_MS
    return [...usable.filter((entry) => !failing(entry)), ...usable.filter(failing)]
  }

  async #ask(entry: Entry, method: string, params: readonly unknown[]): Promise<unknown> {
    const timeout = new AbortController()
    const timer = setTimeout(() => timeout.abort(new Error(`no answer to ${method} in time`)), REQUEST_TIMEOUT_MS)
    try {
      return await entry.request(method, params, AbortSignal.any([this.#signal, timeout.signal]))
    } catch (error) {
      if (error instanceof SourceRefusal || error instanceof SourceFault) throw error
      throw new SourceDown(error instanceof Error ? error.message : String(error))
    } finally {
      clearTimeout(timer)
    }
  }

  #mark(entry: Entry, state: Entry['state'], reason?: string): void {
    if (entry.state === 'banned') return
    const changed = entry.state !== state || entry.reason !== reason
    entry.state = state
    entry.reason = reason
    if (state === 'failing') entry.failedAt = this.#now()
    if (changed) this.#onChange()
  }
}

function httpRequest(url: string): Entry['request'] {
  if (!/^https?:\/\//.test(url))
    throw new LightError('LIGHT_INVALID_ARGUMENT', `a source is an http or https URL, not ${url}`, { url })
  let id = 0
  return async (method, params, signal) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params }),
      signal,
    })
    if (!response.ok) throw new Error(`HTTP status ${response.status}`)
    const answer = JSON.parse(await readText(response)) as {
      result?: unknown
      error?: { code?: unknown; message?: unknown }
    }
    if (answer.error) throw new SourceRefusal(Number(answer.error.code), String(answer.error.message))
    return answer.result
  }
}

/** The body as text, up to a limit: a source must not fill the memory. */
async function readText(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  if (!reader) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.length
    if (bytes > MAX_ANSWER_BYTES) {
      await reader.cancel()
      throw new SourceFault(`an answer of more than ${MAX_ANSWER_BYTES} bytes`)
    }
    text += decoder.decode(value, { stream: true })
  }
}
