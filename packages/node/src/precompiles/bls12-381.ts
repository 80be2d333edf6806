import { type EVMBLSInterface, EVMError } from '@ethereumjs/evm'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { hexToBytes } from '@noble/hashes/utils.js'
import type { Mcl } from './mcl.ts'
import { PairingCurve } from './pairing-curve.ts'

/** The operations of EIP-2537 on an instance of mcl for BLS12-381. Lengths and the zeros in front are checked by the EVM before. */
export function createBls12381(mcl: Mcl): EVMBLSInterface {
  const curve = new PairingCurve(mcl, {
    coordinateBytes: 64,
    modulus: hexToBytes(bls12_381.fields.Fp.ORDER.toString(16)),
    imaginaryFirst: false,
    errors: {
      notInField: EVMError.errorMessages.BLS_12_381_FP_NOT_IN_FIELD,
      notOnCurve: EVMError.errorMessages.BLS_12_381_POINT_NOT_ON_CURVE,
    },
  })
  return {
    addG1: (input) => curve.add('g1', input),
    addG2: (input) => curve.add('g2', input),
    msmG1: (input) => curve.sumOfProducts('g1', input),
    msmG2: (input) => curve.sumOfProducts('g2', input),
    mapFPtoG1: (input) => curve.map('g1', input),
    mapFP2toG2: (input) => curve.map('g2', input),
    pairingCheck: (input) => wordOf(curve.isPairingProductOne(input)),
  }
}

/** A boolean as a word of the EVM. */
export function wordOf(value: boolean): Uint8Array {
  const word = new Uint8Array(32)
  word[31] = value ? 1 : 0
  return word
}
