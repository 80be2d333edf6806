/** Changes of names, one after the other, with a count of how many records name each content. */
import * as dagCbor from '@ipld/dag-cbor'
import type { ObjectContent } from './object-content.ts'
import type { IndexChange, ObjectIndex } from './object-index.ts'
import type { ObjectRecord } from './records.ts'

/** Sorts behind every key that a client can choose. */
export const END = '\u{10ffff}'
const refKey = (ref: string) => `r\0${ref}`

/** The index with its counts. */
export class CountedIndex {
  readonly index: ObjectIndex
  readonly #content: ObjectContent
  /** Reading a count and writing it must not mix. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(index: ObjectIndex, content: ObjectContent) {
    this.index = index
    this.#content = content
  }

  /** Runs `work` when all that came before it is done. */
  serial<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work)
    this.#last = next.catch(() => undefined)
    return next
  }

  /** The record under a name of the index. */
  async read<T>(name: string): Promise<T | undefined> {
    const value = await this.index.get(name)
    return value && dagCbor.decode<T>(value)
  }

  /**
   * Writes changes and the counts of what they name: first retain, then the batch, then release, so that a stop in between keeps too much and never too
   * little. `added` are records that the changes write, `dropped` those that they remove or write over. Inside {@link serial} only.
   */
  async commit(
    changes: readonly IndexChange[],
    added: readonly ObjectRecord[],
    dropped: readonly ObjectRecord[],
  ): Promise<void> {
    const change = new Map<string, number>()
    for (const [records, by] of [[added, 1] as const, [dropped, -1] as const])
      for (const { parts } of records) for (const { ref } of parts) change.set(ref, (change.get(ref) ?? 0) + by)
    const all: IndexChange[] = [...changes]
    const released: string[] = []
    for (const [ref, by] of change) {
      if (by === 0) continue
      const before = (await this.read<number>(refKey(ref))) ?? 0
      const after = before + by
      if (before <= 0 && after > 0) await this.#content.retain(ref)
      if (after <= 0) released.push(ref)
      all.push([refKey(ref), after > 0 ? dagCbor.encode(after) : undefined])
    }
    await this.index.write(all)
    for (const ref of released) await this.#content.release(ref)
  }
}
