/**
 * Go's `math/rand` with a seed, which cosmos/iavl's regression test draws its operations from. The 607 start values are those of
 * golang/go `src/math/rand/rng.go` (BSD-3-Clause), as data in `vectors/go-rand.json`.
 */
import start from './vectors/go-rand.json' with { type: 'json' }

const LENGTH = 607
const MASK = (1n << 63n) - 1n

export function createGoRandom(seed: bigint) {
  const state: bigint[] = []
  let x = Number(seed % 2147483647n)
  const step = () => {
    x = 48271 * (x % 44488) - 3399 * Math.floor(x / 44488)
    if (x < 0) x += 2147483647
    return BigInt(x)
  }
  for (let i = 0; i < 20; i++) step()
  for (let i = 0; i < LENGTH; i++) {
    const value = (step() << 40n) ^ (step() << 20n) ^ step()
    state.push((BigInt.asIntN(64, value) ^ BigInt(start.values[i]!)) & MASK)
  }
  let tap = 0
  let feed = LENGTH - 273
  const int63 = () => {
    tap = tap === 0 ? LENGTH - 1 : tap - 1
    feed = feed === 0 ? LENGTH - 1 : feed - 1
    state[feed] = (state[feed]! + state[tap]!) & MASK
    return state[feed]!
  }
  const int31 = () => Number(int63() >> 32n)
  let held = 0n
  let left = 0
  return {
    float64(): number {
      for (;;) {
        const value = Number(int63()) / 2 ** 63
        if (value !== 1) return value
      }
    },
    intn(limit: number): number {
      if ((limit & (limit - 1)) === 0) return int31() & (limit - 1)
      const max = 2 ** 31 - 1 - (2 ** 31 % limit)
      let value = int31()
      while (value > max) value = int31()
      return value % limit
    },
    read(length: number): Uint8Array {
      return Uint8Array.from({ length }, () => {
        if (left === 0) {
          held = int63()
          left = 7
        }
        const byte = Number(held & 0xffn)
        held >>= 8n
        left--
        return byte
      })
    },
  }
}
