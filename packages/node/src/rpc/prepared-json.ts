/**
 * Answers about blocks as they were sent last, by block hash. A block is final when it is executed, and its hash stands for all that is said of it, so
 * none of this ever becomes wrong; on a development network whose blocks are undone, other blocks have other hashes.
 */

/** Characters, of a byte each, that one server keeps. */
const MAX_CHARACTERS = 8 * 1024 * 1024
/** What is larger is written anew each time: it would drive out everything else. */
const MAX_TEXT = 256 * 1024

/** Texts by key; those that were not asked for the longest go first. */
export class PreparedJson {
  readonly #texts = new Map<string, string>()
  #characters = 0

  get size(): number {
    return this.#texts.size
  }

  get characters(): number {
    return this.#characters
  }

  /** The text of `key`, written by `write` if it is not here. */
  of(key: string, write: () => string): string {
    const known = this.#texts.get(key)
    if (known !== undefined) {
      this.#texts.delete(key)
      this.#texts.set(key, known)
      return known
    }
    const text = write()
    if (text.length > MAX_TEXT) return text
    this.#texts.set(key, text)
    this.#characters += text.length
    for (const [oldest, { length }] of this.#texts) {
      if (this.#characters <= MAX_CHARACTERS) break
      this.#texts.delete(oldest)
      this.#characters -= length
    }
    return text
  }
}
