/**
 * Where each block lies: an open-addressing hash table in typed arrays, keyed by the first 128 bits of the digest. 40 bytes a
 * slot, at most 3/4 full; a JavaScript Map with string keys takes 150 and more. Two blocks that share 128 bits of a secure hash do not
 * occur by chance; should someone make such a pair (2^64 work), reading the second fails its hash check and says so.
 */

/** Place of a block. */
export interface Place {
  readonly pack: number
  /** of the data, not of the record */
  readonly offset: number
  readonly length: number
  /** bytes of the digest, and of the meta before the data, to find the record again */
  readonly metaLength: number
}

const FREE = 0
const GONE = 0xffff_ffff
/** Slots at the start. */
const INITIAL_SLOTS = 1024

/** The index of one store. Packs are numbered from 1. */
export class DigestIndex {
  #slots = INITIAL_SLOTS
  #used = 0
  #size = 0
  #keys = new Uint32Array(4 * INITIAL_SLOTS)
  #packs = new Uint32Array(INITIAL_SLOTS)
  #offsets = new Float64Array(INITIAL_SLOTS)
  #lengths = new Uint32Array(INITIAL_SLOTS)
  #metas = new Uint16Array(INITIAL_SLOTS)
  readonly #key = new Uint32Array(4)

  /** Blocks in the index. */
  get size(): number {
    return this.#size
  }

  get(digest: Uint8Array): Place | undefined {
    const slot = this.#find(digest)
    return slot < 0 ? undefined : this.#place(slot)
  }

  has(digest: Uint8Array): boolean {
    return this.#find(digest) >= 0
  }

  set(digest: Uint8Array, place: Place): void {
    let slot = this.#find(digest)
    if (slot < 0) {
      if ((this.#used + 1) * 4 > this.#slots * 3) this.#grow()
      slot = this.#home(digest)
      while (this.#packs[slot] !== FREE) slot = (slot + 1) & (this.#slots - 1)
      this.#keys.set(this.#key, 4 * slot)
      this.#used++
      this.#size++
    }
    this.#packs[slot] = place.pack
    this.#offsets[slot] = place.offset
    this.#lengths[slot] = place.length
    this.#metas[slot] = place.metaLength
  }

  delete(digest: Uint8Array): boolean {
    const slot = this.#find(digest)
    if (slot < 0) return false
    this.#packs[slot] = GONE
    this.#size--
    return true
  }

  /** All places; stable against deletion while iterating, not against insertion. */
  *places(): Generator<Place> {
    for (let slot = 0; slot < this.#slots; slot++) {
      const pack = this.#packs[slot]!
      if (pack !== FREE && pack !== GONE) yield this.#place(slot)
    }
  }

  #place(slot: number): Place {
    return {
      pack: this.#packs[slot]!,
      offset: this.#offsets[slot]!,
      length: this.#lengths[slot]!,
      metaLength: this.#metas[slot]!,
    }
  }

  #home(digest: Uint8Array): number {
    const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength)
    for (let i = 0; i < 4; i++) this.#key[i] = view.getUint32(4 * i, true)
    return this.#key[0]! & (this.#slots - 1)
  }

  #find(digest: Uint8Array): number {
    let slot = this.#home(digest)
    for (;;) {
      const pack = this.#packs[slot]!
      if (pack === FREE) return -1
      const at = 4 * slot
      if (
        pack !== GONE &&
        this.#keys[at] === this.#key[0] &&
        this.#keys[at + 1] === this.#key[1] &&
        this.#keys[at + 2] === this.#key[2] &&
        this.#keys[at + 3] === this.#key[3]
      ) {
        return slot
      }
      slot = (slot + 1) & (this.#slots - 1)
    }
  }

  #grow(): void {
    const old = {
      slots: this.#slots,
      keys: this.#keys,
      packs: this.#packs,
      offsets: this.#offsets,
      lengths: this.#lengths,
      metas: this.#metas,
    }
    // Mostly deleted entries: rebuild at the same size.
    this.#slots = this.#size * 2 > old.slots / 2 ? old.slots * 2 : old.slots
    this.#keys = new Uint32Array(4 * this.#slots)
    this.#packs = new Uint32Array(this.#slots)
    this.#offsets = new Float64Array(this.#slots)
    this.#lengths = new Uint32Array(this.#slots)
    this.#metas = new Uint16Array(this.#slots)
    this.#used = 0
    for (let from = 0; from < old.slots; from++) {
      const pack = old.packs[from]!
      if (pack === FREE || pack === GONE) continue
      let slot = old.keys[4 * from]! & (this.#slots - 1)
      while (this.#packs[slot] !== FREE) slot = (slot + 1) & (this.#slots - 1)
      this.#keys.set(old.keys.subarray(4 * from, 4 * from + 4), 4 * slot)
      this.#packs[slot] = pack
      this.#offsets[slot] = old.offsets[from]!
      this.#lengths[slot] = old.lengths[from]!
      this.#metas[slot] = old.metas[from]!
      this.#used++
    }
  }
}
