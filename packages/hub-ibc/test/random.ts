/** A seeded generator (xorshift32) for tests: prints its seed, so that a failing run can be repeated with ZOS_SEED. */
export function createRandom(seed = Number(process.env.ZOS_SEED ?? 20261123)) {
  console.log(`seed ${seed}`)
  let state = seed | 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  return {
    below: (limit: number) => next() % limit,
    bytes: (length: number) => Uint8Array.from({ length }, () => next() >>> 24),
    pick: <T>(items: readonly T[]): T => items[next() % items.length]!,
  }
}
