// Many inverses for the price of one and three multiplications each (Montgomery's trick).
import { mul } from './field-secp256k1'
import { ELEMENT, invert, isZero, ONE } from './secp256k1-point'
import { copyElement } from './lanes'

const RUN: usize = memory.data(80, 16)
const INVERSE: usize = memory.data(80, 16)

/** out[i] = 1 / a[i] for `count` elements that lie one after another. False, and nothing of use in `out`, when a lane of one is zero. */
export function inverses(a: usize, out: usize, count: i32): bool {
  copyElement(RUN, ONE)
  for (let i: usize = 0; i < <usize>count; i++) {
    copyElement(out + i * ELEMENT, RUN)
    mul(RUN, RUN, a + i * ELEMENT)
  }
  if (isZero(RUN, 0) || isZero(RUN, 1)) return false
  invert(INVERSE, RUN)
  for (let i = count - 1; i >= 0; i--) {
    const at = out + <usize>i * ELEMENT
    mul(at, at, INVERSE)
    mul(INVERSE, INVERSE, a + <usize>i * ELEMENT)
  }
  return true
}
