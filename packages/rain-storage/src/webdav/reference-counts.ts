/** References to content, counted beside the names that use them: names and counts change in one batch. */
import * as dagCbor from '@ipld/dag-cbor'
import type { ObjectContent } from '../s3/object-content.ts'
import type { IndexChange, ObjectIndex } from '../s3/object-index.ts'

const refKey = (ref: string) => `r\0${ref}`

/** An index whose records name content. Its changes must come one after the other: a count is read and then written. */
export class CountedIndex {
  readonly index: ObjectIndex
  readonly #content: ObjectContent

  constructor(index: ObjectIndex, content: ObjectContent) {
    this.index = index
    this.#content = content
  }

  /**
   * Writes changes of names that begin to use `taken` and let go of `dropped`; a reference may stand there several times. First retain, then the batch,
   * then release, which is for the caller to do: a stop in between keeps too much and never too little.
   */
  async write(
    changes: readonly IndexChange[],
    taken: Iterable<string>,
    dropped: Iterable<string>,
  ): Promise<() => Promise<void>> {
    const change = new Map<string, number>()
    for (const ref of taken) change.set(ref, (change.get(ref) ?? 0) + 1)
    for (const ref of dropped) change.set(ref, (change.get(ref) ?? 0) - 1)
    const batch = [...changes]
    const released: string[] = []
    for (const [ref, by] of change) {
      if (by === 0) continue
      const value = await this.index.get(refKey(ref))
      const before = value === undefined ? 0 : dagCbor.decode<number>(value)
      const after = before + by
      if (before === 0) await this.#content.retain(ref)
      if (after <= 0) released.push(ref)
      batch.push([refKey(ref), after > 0 ? dagCbor.encode(after) : undefined])
    }
    await this.index.write(batch)
    return async () => {
      for (const ref of released) await this.#content.release(ref)
    }
  }
}
