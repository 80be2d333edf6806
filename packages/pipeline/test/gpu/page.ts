/** Runs in a page: the GPU, or what the browser has in its place, must judge as the reference does. Gives the number of cases. */
import { createGpuVerifier } from '../../src/gpu/index.ts'
import { nobleVerifier } from '../../src/verify/noble.ts'
import bip340 from '../vectors/bip340.json' with { type: 'json' }
import { bip340Cases, ecdsaCases, ed25519Cases, liftCases, recoverCases } from './cases.ts'

const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

/** `zip215`: the published cases, where they are at hand. */
export async function run(zip215: readonly { vk_bytes: string; sig_bytes: string; valid_zip215: boolean }[]) {
  const gpu = await createGpuVerifier({ capacity: 128 })
  const reference = nobleVerifier()
  let cases = 0
  const same = (what: string, got: readonly unknown[], wanted: readonly unknown[]) => {
    const text = (value: unknown) => JSON.stringify(value, (_, one) => (one instanceof Uint8Array ? one.join() : one))
    const at = wanted.findIndex((one, i) => text(one) !== text(got[i]))
    if (got.length !== wanted.length || at >= 0)
      throw new Error(`${what} ${at}: ${text(got[at])} instead of ${text(wanted[at])}`)
    // All of the ZIP-215 cases are valid.
    if (what !== 'published ZIP-215' && new Set(wanted.map(text)).size < 2)
      throw new Error(`${what}: all cases are alike`)
    cases += wanted.length
  }
  const vectors = bip340.vectors.map(([key, message, signature]) => ({
    publicKey: hex(key as string),
    message: hex(message as string),
    signature: hex(signature as string),
  }))
  same(
    'published BIP-340',
    await gpu.verifyMany('bip340', vectors),
    bip340.vectors.map(([, , , valid]) => valid),
  )
  const schnorr = bip340Cases(30)
  same('BIP-340', await gpu.verifyMany('bip340', schnorr), reference.verifyMany('bip340', schnorr))
  const ecdsa = ecdsaCases(30)
  same('ECDSA', await gpu.verifyMany('ecdsa', ecdsa), reference.verifyMany('ecdsa', ecdsa))
  const recover = recoverCases(20)
  same('recovery', await gpu.recoverMany(recover), reference.recoverMany(recover))
  const keys = liftCases(20)
  same('keys', await gpu.liftMany(keys), reference.liftMany(keys))
  const eddsa = ed25519Cases(30)
  same('Ed25519', await gpu.verifyMany('ed25519', eddsa), reference.verifyMany('ed25519', eddsa))
  if (zip215.length > 0)
    same(
      'published ZIP-215',
      await gpu.verifyMany(
        'ed25519',
        zip215.map((one) => ({
          publicKey: hex(one.vk_bytes),
          signature: hex(one.sig_bytes),
          message: hex('5a63617368'),
        })),
      ),
      zip215.map((one) => one.valid_zip215),
    )
  const { adapter } = gpu
  gpu.close()
  await gpu.lost
  const after = await gpu.verifyMany('bip340', vectors).catch((error) => error.code)
  if (after !== 'PIPELINE_GPU_LOST') throw new Error(`a closed verifier answered ${after}`)
  return { adapter, cases }
}
