// Module "verify": signatures on secp256k1. The field file is emitted for the backend that is built.
import { initPoint } from './secp256k1-point'
import { initTables } from './secp256k1-multiply'
export { recover, recoverScratch } from './recover'

/** Makes the tables; once after instantiation. */
export function init(): void {
  initPoint()
  initTables()
}

export function heapBase(): usize {
  return __heap_base
}

