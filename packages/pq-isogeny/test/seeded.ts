/** Reproducible integers below a bound (xorshift64*), for tests only. */
export function seededIntegers(seed: number): (bound: bigint) => bigint {
  let state = (BigInt(seed) * 0x9e3779b97f4a7c15n + 0x1234567n) & (2n ** 64n - 1n)
  const word = (): bigint => {
    state ^= state >> 12n
    state = (state ^ (state << 25n)) & (2n ** 64n - 1n)
    state ^= state >> 27n
    return ((state * 0x2545f4914f6cdd1dn) & (2n ** 64n - 1n)) >> 16n
  }
  return (bound) => {
    let x = 0n
    for (let bits = bound.toString(2).length + 48; bits > 0; bits -= 48) x = (x << 48n) | word()
    return x % bound
  }
}
