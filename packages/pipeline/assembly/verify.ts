// Module "verify": signatures on secp256k1. The field file is emitted for the backend that is built.
import { initPoint } from './secp256k1-point'
import { initTables, SCRATCH } from './secp256k1-multiply'
import { initBaseComb } from './secp256k1-comb'
import { initVerify } from './secp256k1-verify'
export { liftKeys, recover, recoverScratch } from './recover'
export { initKeyTables, keyTableBytes } from './key-tables'
export { batchScratch, checkBatch, checkMany, keyShare, prepareBip340, prepareEcdsa, recordState } from './secp256k1-verify'

/** Makes the tables; once after instantiation. */
export function init(): void {
  initPoint()
  initTables()
  initBaseComb(SCRATCH)
  initVerify()
}

export function heapBase(): usize {
  return __heap_base
}
