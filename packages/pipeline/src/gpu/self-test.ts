import { areRecovered, bip340, ecdsa, ed25519, recoveries } from '../verify/self-test.ts'
import type { GpuVerifier } from './port.ts'

/** Known answers that a GPU and its driver must give before they are used. */
export async function selfTest(verifier: GpuVerifier): Promise<boolean> {
  const message = new Uint8Array([1])
  const verdicts = [
    await verifier.verifyMany('bip340', [bip340, { ...bip340, message }]),
    await verifier.verifyMany('ecdsa', [ecdsa, { ...ecdsa, yParity: 1 }]),
    await verifier.verifyMany('ed25519', [ed25519, { ...ed25519, message }]),
  ]
  return (
    verdicts.every(([good, bad]) => good === true && bad === false) &&
    areRecovered(await verifier.recoverMany(recoveries))
  )
}
