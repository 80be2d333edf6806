import type { EntryKind } from '../store/kinds.ts'

/** Something that is wrong in a node's database. */
export interface Finding {
  readonly kind: EntryKind
  /** Under this key in the database. */
  readonly key: string
  /** `damaged`: fails its checksum or cannot be decoded. `missing`: something else says that it is there. `wrong`: it contradicts something else. */
  readonly problem: 'damaged' | 'missing' | 'wrong'
}

/** Sizes of one kind of entry; bytes are those of keys and values, before compression. */
export interface KindSize {
  entries: number
  bytes: number
}

export interface CheckProgress {
  /** What is being read. */
  readonly step: 'entries' | 'blocks' | 'units' | 'state'
  /** Entries, blocks, units or trie nodes and accounts so far. */
  readonly done: number
}

export interface CheckOptions {
  signal?: AbortSignal
  onProgress?: (progress: CheckProgress) => void
}

/** Things done between two turns of the event loop: a few milliseconds. */
const PACE = 512
/** Findings that are kept: a database with more is not worth mending piece by piece. */
export const MAX_FINDINGS = 10_000

/** Where the steps of a check write down what they find; keeps the event loop free and hears the signal. */
export class Notes {
  readonly findings: Finding[] = []
  /** More was found than {@link MAX_FINDINGS}. */
  overflow = false
  readonly #options: CheckOptions
  #done = 0
  #step: CheckProgress['step'] = 'entries'

  constructor(options: CheckOptions) {
    this.#options = options
  }

  begin(step: CheckProgress['step']): void {
    this.#step = step
    this.#done = 0
  }

  add(finding: Finding): void {
    if (this.findings.length < MAX_FINDINGS) this.findings.push(finding)
    else this.overflow = true
  }

  /** Once an entry. Throws what the signal says. */
  async tick(): Promise<void> {
    if (++this.#done % PACE !== 0) return
    this.#options.signal?.throwIfAborted()
    this.#options.onProgress?.({ step: this.#step, done: this.#done })
    await new Promise((resolve) => setImmediate(resolve))
  }

  end(): void {
    this.#options.onProgress?.({ step: this.#step, done: this.#done })
  }
}
