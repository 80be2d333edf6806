import type { PrecompileFunc } from '@ethereumjs/evm'
import type { Verifier } from '@zos/pipeline/verify'
import { NodeError } from '../errors.ts'
import { BLAKE2F, blake2fInstead } from './blake2f.ts'
import { createBls12381, wordOf } from './bls12-381.ts'
import { createBn254 } from './bn254.ts'
import { createEcrecover } from './ecrecover.ts'
import { createKzgVerify } from './kzg.ts'
import { Mcl, MclCurveId } from './mcl.ts'
import { createP256Verify } from './p256.ts'
import type { Precompiles } from './precompiles.ts'

const address = (number: number) => number.toString(16).padStart(40, '0')
const BN254 = new Set([0x06, 0x07, 0x08].map(address))
/** The point evaluation of EIP-4844 and the functions of EIP-2537. */
const BLS12_381 = new Set([0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11].map(address))
const P256VERIFY = address(0x100)
/** EIP-7951. */
const P256_BYTES = 160
const P256_GAS = 6_900n

/** In WebAssembly. A curve is loaded when it is first needed (30 ms and 3 MB), and shared by all who have this object. */
export function fastPrecompiles(verifier: Verifier): Precompiles {
  const blake2f = blake2fInstead()
  const bls12381 = load(MclCurveId.bls12381, (mcl) => ({ operations: createBls12381(mcl), kzg: createKzgVerify(mcl) }))
  const bn254 = load(MclCurveId.bn254, createBn254)
  const p256 = load(MclCurveId.p256, createP256Verify)
  return {
    ecrecover: createEcrecover(verifier),
    bls12381: {
      addG1: (input) => bls12381.get().operations.addG1(input),
      addG2: (input) => bls12381.get().operations.addG2(input),
      msmG1: (input) => bls12381.get().operations.msmG1(input),
      msmG2: (input) => bls12381.get().operations.msmG2(input),
      mapFPtoG1: (input) => bls12381.get().operations.mapFPtoG1(input),
      mapFP2toG2: (input) => bls12381.get().operations.mapFP2toG2(input),
      pairingCheck: (input) => bls12381.get().operations.pairingCheck(input),
    },
    bn254: {
      add: (input) => bn254.get().add(input),
      mul: (input) => bn254.get().mul(input),
      pairing: (input) => bn254.get().pairing(input),
    },
    kzg: (...proof) => bls12381.get().kzg(...proof),
    replace(at, own) {
      if (at === BLAKE2F) return blake2f(own)
      if (BN254.has(at)) return after(bn254.ready, own)
      if (BLS12_381.has(at)) return after(bls12381.ready, own)
      if (at !== P256VERIFY) return own
      return after(p256.ready, (input) => {
        if (input.gasLimit < P256_GAS || input.data.length !== P256_BYTES) return own(input)
        const isValid = p256.get()(input.data)
        return { executionGasUsed: P256_GAS, returnValue: isValid ? wordOf(true) : new Uint8Array() }
      })
    },
  }
}

interface Part<T> {
  /** Loads it; undefined when that is done. A load that failed is tried again by the next call. */
  ready(): Promise<void> | undefined
  /** After {@link ready}. */
  get(): T
}

function load<T>(curve: number, create: (mcl: Mcl) => T): Part<T> {
  let part: T | undefined
  let loading: Promise<void> | undefined
  const start = async () => {
    try {
      part = create(await Mcl.load(curve))
    } catch (error) {
      // Of this machine alone: the node must stop, and not make a block in which the call failed.
      throw new NodeError('NODE_NOT_LOADED', `curve ${curve} does not load: ${error}`, { curve }, { cause: error })
    } finally {
      loading = undefined
    }
  }
  return {
    ready() {
      if (part !== undefined) return undefined
      loading ??= start()
      return loading
    },
    get() {
      if (part === undefined) throw new Error(`curve ${curve} is used before it is loaded`)
      return part
    },
  }
}

function after(ready: () => Promise<void> | undefined, run: PrecompileFunc): PrecompileFunc {
  return (input) => {
    const loading = ready()
    return loading ? loading.then(() => run(input)) : run(input)
  }
}
