// ECDSA on secp256k1 as Ethereum uses it, per CPU-second: the batch equation for known signers, recovery for unknown ones. Signatures
// are made by noble. The peer is the native libsecp256k1 of the `secp256k1` package.
import { randomBytes } from 'node:crypto'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { createVerifier } from '@zos/pipeline/verify'
import { perCpuSecond, report } from './measure.ts'
import { nativeEcdsa } from './native.ts'

const seconds = process.argv.includes('--quick') ? 0.8 : 3
const verifier = createVerifier()
const items = Array.from({ length: 1024 }, () => {
  const secret = secp256k1.utils.randomSecretKey()
  const hash = new Uint8Array(randomBytes(32))
  const { r, s, recovery } = secp256k1.Signature.fromBytes(
    secp256k1.sign(hash, secret, { prehash: false, format: 'recovered' }),
    'recovered',
  )
  return { hash, r, s, yParity: recovery as 0 | 1, publicKey: secp256k1.getPublicKey(secret, false).slice(1) }
})
const must = (ok: boolean) => {
  if (!ok) throw new Error('a valid signature was refused')
}
must(
  verifier.recoverPublicKeys(items).every((key, i) => key !== null && Buffer.compare(key, items[i]!.publicKey) === 0),
)
must(!verifier.verifyBatch('ecdsa', items.with(9, { ...items[9]!, hash: new Uint8Array(32) })))
const native = nativeEcdsa(seconds)
const nativeRecover = nativeEcdsa(seconds, 'recover')
const batch = (size: number) =>
  perCpuSecond(size, () => must(verifier.verifyBatch('ecdsa', items.slice(0, size))), seconds)
const recover = (size: number) =>
  perCpuSecond(size, () => must(verifier.recoverMany(items.slice(0, size)).every((a) => a !== null)), seconds)
report('verify-ecdsa', 'batch1024', batch(1024), '1/cpu-s', 'secp256k1 (native)', native)
report('verify-ecdsa', 'batch64', batch(64), '1/cpu-s', 'secp256k1 (native)', native)
report('verify-ecdsa', 'single', batch(1), '1/cpu-s', 'secp256k1 (native)', native)
report('verify-ecdsa', 'recover256', recover(256), '1/cpu-s', 'secp256k1 (native, ecdsaRecover)', nativeRecover)
report('verify-ecdsa', 'recover1', recover(1), '1/cpu-s', 'secp256k1 (native, ecdsaRecover)', nativeRecover)
