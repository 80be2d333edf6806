/** Randomness for simulations: seeded, the same everywhere. Not for keys. */

/** A seeded source of numbers. */
export interface SimRandom {
  /** A number in [0, 1). */
  next(): number
  /** An integer in [0, below). */
  int(below: number): number
  pick<T>(list: readonly T[]): T
  /** A generator of its own, so that one part's draws do not shift another's. */
  fork(label: string): SimRandom
}

/** mulberry32: 32 bits of state, passes what a simulation needs. */
export function createSimRandom(seed: number): SimRandom {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const int = (below: number) => Math.floor(next() * below)
  return {
    next,
    int,
    pick: (list) => list[int(list.length)]!,
    fork: (label) =>
      createSimRandom(
        [...label].reduce((hash, char) => Math.imul(hash ^ char.charCodeAt(0), 0x01000193), seed ^ 0x811c9dc5),
      ),
  }
}
