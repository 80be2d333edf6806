// BIP-340 verifications a CPU-second. The npm registry has no native BIP-340 addon, so the peer is the native libsecp256k1 of the
// `secp256k1` package doing ECDSA on the same curve, which costs it slightly less than its own BIP-340. Signatures are made by noble.
import { randomBytes } from 'node:crypto'
import { schnorr } from '@noble/curves/secp256k1.js'
import { createVerifier } from '@zos/pipeline/verify'
import { perCpuSecond, report } from './measure.ts'
import { nativeEcdsa } from './native.ts'

const seconds = process.argv.includes('--quick') ? 0.8 : 3
const verifier = createVerifier()
const items = Array.from({ length: 1024 }, () => {
  const secret = schnorr.utils.randomSecretKey()
  const message = new Uint8Array(randomBytes(32))
  return { publicKey: schnorr.getPublicKey(secret), message, signature: schnorr.sign(message, secret) }
})
const known = items.map(({ publicKey, ...rest }) => {
  const point = schnorr.utils.lift_x(BigInt(`0x${Buffer.from(publicKey).toString('hex')}`))
  return { ...rest, publicKey: point.toBytes(false).slice(1) }
})
const bad = items.with(500, { ...items[500]!, message: new Uint8Array(32) })
if (
  !verifier.verifyBatch('bip340', items) ||
  !verifier.verifyBatch('bip340', known) ||
  verifier.verifyBatch('bip340', bad)
)
  throw new Error('the verifier is wrong')
const native = nativeEcdsa(seconds)
const must = (ok: boolean) => {
  if (!ok) throw new Error('a valid signature was refused')
}
const rate = (batch: typeof items) =>
  perCpuSecond(batch.length, () => must(verifier.verifyBatch('bip340', batch)), seconds)
report('verify-bip340', 'batch1024', rate(items), '1/cpu-s', 'secp256k1 (native, ECDSA single)', native)
report('verify-bip340', 'batch1024-known-keys', rate(known), '1/cpu-s', 'secp256k1 (native, ECDSA single)', native)
report('verify-bip340', 'batch64', rate(items.slice(0, 64)), '1/cpu-s', 'secp256k1 (native, ECDSA single)', native)
report('verify-bip340', 'single', rate(items.slice(0, 1)), '1/cpu-s', 'secp256k1 (native, ECDSA single)', native)
report(
  'verify-bip340',
  'one-bad-in-1024',
  perCpuSecond(1024, () => must(verifier.verifyMany('bip340', bad).filter((ok) => !ok).length === 1), seconds),
  '1/cpu-s',
)
