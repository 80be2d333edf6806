// Module "field-probe": the emitted field operations by themselves, so that tests can feed them limbs at the edges of the contract.
// Not part of the package.
export { mul, sqr, add, sub, mul3, mul21, negateIf, freeze, fromWords, w0, w1, w2, w3 } from './field'

export function heapBase(): usize {
  return __heap_base
}
