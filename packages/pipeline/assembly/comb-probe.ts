// Module "comb-probe": the digits of the combs and the kept tables by themselves, for the tests. Not part of the package.
export { combDigits, TABLE_BYTES } from './secp256k1-comb'
export { findTable, initKeyTables, keepTable, keyTableBytes, tickKeyTables } from './key-tables'

export function heapBase(): usize {
  return __heap_base
}
