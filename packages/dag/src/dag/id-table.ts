/**
 * Ids to dense indices and back: 32 bytes an id in one array and an open-addressing table beside it, 37–40 bytes a unit
 * where a Map of strings takes 150 (measured with 200,000).
 */
import type { UnitId } from '../unit/id.ts'

const WORDS = 8
/** How full the table may get, and by how much it grows then: 5–8 bytes an id, two or three probes. */
const MAX_LOAD = 0.8
const GROWTH = 1.5
/**
 * Ids whose text is kept as well: parents are mostly recent, and comparing two strings is ten times faster than parsing one.
 * 8,192 units are 40 rounds of a committee of a hundred, about a megabyte. A power of two.
 */
const RECENT = 8192

const DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))

/** Where the cache keeps an id: by four of its digits. */
function cachePlace(id: string): number {
  let place = 0
  for (let at = 10; at < 14; at++) {
    const code = id.charCodeAt(at)
    place = (place << 4) | ((code & 15) + (code >> 6) * 9)
  }
  return place & (RECENT - 1)
}

/** The 32-byte ids of the units, in dense order. */
export class IdTable {
  words: Uint32Array
  count = 0
  /** Dense index + 1 of an id, 0: empty. */
  #slots: Int32Array
  /** A direct-mapped cache from text to index: a newer id takes the place of an older one. */
  readonly #cachedTexts: (UnitId | '')[] = new Array<UnitId | ''>(RECENT).fill('')
  readonly #cachedIndices = new Int32Array(RECENT)
  /** The character codes of an id; one call makes the text of them, 2.4 times as fast as joining sixteen pieces. */
  readonly #codes = Array.from('0x'.padEnd(66, '0'), (digit) => digit.charCodeAt(0))
  #parsedText = ''
  /** The id that was parsed last, eight big-endian words. */
  readonly #parsed = new Uint32Array(WORDS)

  constructor(capacity = 64) {
    this.words = new Uint32Array(capacity * WORDS)
    this.#slots = new Int32Array(capacity * 2)
  }

  #parse(id: string): boolean {
    if (id === this.#parsedText) return true
    if (id.length !== 2 + 8 * WORDS) return false
    this.#parsedText = id
    const parsed = this.#parsed
    let at = 2
    for (let w = 0; w < WORDS; w++) {
      let word = 0
      for (let i = 0; i < 8; i++, at++) {
        const code = id.charCodeAt(at)
        word = (word << 4) | ((code & 15) + (code >> 6) * 9)
      }
      parsed[w] = word
    }
    return true
  }

  /** Where an id belongs: ids are hashes, two words of them and a multiplication (Fibonacci hashing) suffice. */
  #bucket(first: number, last: number): number {
    const hash = Math.imul(last ^ Math.imul(first, 0x85ebca6b), 0x9e3779b1) >>> 0
    return Math.floor(hash * (this.#slots.length / 2 ** 32))
  }

  #holds(index: number): boolean {
    const { words } = this
    const parsed = this.#parsed
    const at = index * WORDS
    for (let w = 0; w < WORDS; w++) if (words[at + w] !== parsed[w]) return false
    return true
  }

  /** The dense index of an id, or −1. */
  find(id: string): number {
    const cached = cachePlace(id)
    if (this.#cachedTexts[cached] === id) return this.#cachedIndices[cached]!
    if (!this.#parse(id)) return -1
    const slots = this.#slots
    for (let slot = this.#bucket(this.#parsed[0]!, this.#parsed[WORDS - 1]!); ; ) {
      const index = slots[slot]! - 1
      if (index < 0 || this.#holds(index)) return index
      if (++slot === slots.length) slot = 0
    }
  }

  /** Adds an id that is not in the table; its index is the number of ids before. */
  add(id: UnitId): number {
    if (this.count + 1 > MAX_LOAD * this.#slots.length) this.#rehash(Math.ceil(GROWTH * this.#slots.length))
    if (this.count * WORDS === this.words.length) this.#reserve(2 * this.count)
    this.#parse(id)
    const index = this.count++
    const { words } = this
    const parsed = this.#parsed
    for (let w = 0; w < WORDS; w++) words[index * WORDS + w] = parsed[w]!
    this.#place(index)
    const cached = cachePlace(id)
    this.#cachedTexts[cached] = id
    this.#cachedIndices[cached] = index
    return index
  }

  #place(index: number): void {
    const { words } = this
    const slots = this.#slots
    let slot = this.#bucket(words[index * WORDS]!, words[index * WORDS + WORDS - 1]!)
    while (slots[slot]! !== 0) if (++slot === slots.length) slot = 0
    slots[slot] = index + 1
  }

  #reserve(capacity: number): void {
    const words = new Uint32Array(capacity * WORDS)
    words.set(this.words.subarray(0, this.count * WORDS))
    this.words = words
  }

  #rehash(slots: number): void {
    this.#slots = new Int32Array(slots)
    for (let index = 0; index < this.count; index++) this.#place(index)
  }

  /** The id at a dense index, as text. */
  text(index: number): UnitId {
    const { words } = this
    // The same four digits as in `cachePlace`.
    const cached = (words[index * WORDS + 1]! >>> 16) & (RECENT - 1)
    const recent = this.#cachedTexts[cached]!
    if (recent !== '' && this.#cachedIndices[cached] === index) return recent
    const codes = this.#codes
    let to = 2
    for (let at = index * WORDS, end = at + WORDS; at < end; at++) {
      const word = words[at]!
      for (let shift = 28; shift >= 0; shift -= 4) codes[to++] = DIGITS[(word >>> shift) & 15]!
    }
    return String.fromCharCode.apply(null, codes) as UnitId
  }

  /** Compares two ids as their texts compare. */
  compare(a: number, b: number): number {
    const { words } = this
    for (let w = 0; w < WORDS; w++) {
      const [left, right] = [words[a * WORDS + w]!, words[b * WORDS + w]!]
      if (left !== right) return left < right ? -1 : 1
    }
    return 0
  }

  /** Keeps the ids whose new index in `remap` is not −1; the new indices are ascending. */
  compact(remap: Int32Array): void {
    let kept = 0
    for (let index = 0; index < this.count; index++) {
      if (remap[index]! < 0) continue
      this.words.copyWithin(kept * WORDS, index * WORDS, (index + 1) * WORDS)
      kept++
    }
    this.count = kept
    this.#cachedTexts.fill('')
    this.#reserve(Math.max(64, kept))
    this.#rehash(Math.max(128, Math.ceil(kept / (MAX_LOAD / GROWTH))))
  }

  /** Bytes in use; the texts of recent ids, a constant, are apart. */
  get byteLength(): number {
    return 4 * WORDS * this.count + this.#slots.byteLength
  }
}
