// Ed25519 (ZIP-215) verifications a CPU-second. Signatures are made by noble; the peer is sodium-native (libsodium, cofactorless rules).
import { randomBytes } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { createVerifier } from '@zos/pipeline/verify'
import { perCpuSecond, report } from './measure.ts'
import { nativeEd25519 } from './native.ts'

const seconds = process.argv.includes('--quick') ? 0.8 : 3
const verifier = createVerifier()
const items = Array.from({ length: 1024 }, () => {
  const secret = ed25519.utils.randomSecretKey()
  const message = new Uint8Array(randomBytes(120))
  return { publicKey: ed25519.getPublicKey(secret), message, signature: ed25519.sign(message, secret) }
})
const must = (ok: boolean) => {
  if (!ok) throw new Error('a valid signature was refused')
}
must(!verifier.verifyBatch('ed25519', items.with(9, { ...items[9]!, message: new Uint8Array(120) })))
const native = nativeEd25519(items.slice(0, 64), seconds)
for (const [metric, size] of [
  ['batch1024', 1024],
  ['batch64', 64],
  ['single', 1],
] as const) {
  const value = perCpuSecond(size, () => must(verifier.verifyBatch('ed25519', items.slice(0, size))), seconds)
  report('verify-ed25519', metric, value, '1/cpu-s', 'sodium-native', native)
}
