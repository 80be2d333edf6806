import { type EVMBN254Interface, EVMError } from '@ethereumjs/evm'
import { bn254 } from '@noble/curves/bn254.js'
import { hexToBytes } from '@noble/hashes/utils.js'
import { wordOf } from './bls12-381.ts'
import type { Mcl } from './mcl.ts'
import { PairingCurve } from './pairing-curve.ts'

const POINT_BYTES = 64
const SCALAR_BYTES = 32

/** The operations of EIP-196 and EIP-197 on an instance of mcl for BN254. Inputs have been filled up with zeros by the EVM before. */
export function createBn254(mcl: Mcl): EVMBN254Interface {
  const curve = new PairingCurve(mcl, {
    coordinateBytes: 32,
    modulus: hexToBytes(bn254.fields.Fp.ORDER.toString(16)),
    imaginaryFirst: true,
    errors: {
      notInField: EVMError.errorMessages.BN254_FP_NOT_IN_FIELD,
      notOnCurve: EVMError.errorMessages.BN254_FP_NOT_IN_FIELD,
    },
  })
  return {
    add: (input) => curve.add('g1', input.subarray(0, 2 * POINT_BYTES)),
    mul: (input) => curve.sumOfProducts('g1', input.subarray(0, POINT_BYTES + SCALAR_BYTES)),
    pairing: (input) => wordOf(curve.isPairingProductOne(input)),
  }
}
