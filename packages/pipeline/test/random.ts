/** Reproducible random bytes for tests: xorshift128 from a seed, printed by failing expectations; `ZOS_SEED` sets it. */
export function random(seed = Number(globalThis.process?.env.ZOS_SEED ?? 20_261_123)) {
  let a = seed | 1
  let b = 0x9e3779b9
  let c = 0x243f6a88
  let d = 0xb7e15162
  const next = () => {
    const t = a ^ (a << 11)
    a = b
    b = c
    c = d
    d = d ^ (d >>> 19) ^ t ^ (t >>> 8)
    return d >>> 0
  }
  for (let i = 0; i < 16; i++) next()
  const bytes = (length: number) => Uint8Array.from({ length }, () => next() & 255)
  return {
    seed,
    next,
    bytes,
    below: (limit: number) => next() % limit,
    bigint: (length: number) => bytes(length).reduce((x, byte) => (x << 8n) | BigInt(byte), 0n),
  }
}
