import { classicalEd25519, hybridSigner } from '../../src/hybrid.ts'
import { setBackend, sqisign1 } from '../../src/sqisign.ts'

/** Key generation, signing and verification in a browser, with both backends; throws on failure. */
export async function run(): Promise<void> {
  const message = new TextEncoder().encode('from a browser')
  const { publicKey, secretKey } = sqisign1.keygen()
  const signature = sqisign1.sign(message, secretKey)
  for (const backend of ['wasm', 'bigint'] as const) {
    setBackend(backend)
    if (!sqisign1.verify(signature, message, publicKey)) throw new Error(`${backend}: a valid signature was rejected`)
    if (sqisign1.verify(signature, Uint8Array.of(1), publicKey)) throw new Error(`${backend}: another message verified`)
  }
  setBackend('auto')
  const hybrid = hybridSigner(classicalEd25519, sqisign1, 'browser test')
  const keys = hybrid.keygen()
  if (!hybrid.verify(hybrid.sign(message, keys.secretKey), message, keys.publicKey)) throw new Error('hybrid')
}
