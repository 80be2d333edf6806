import { createNobleCrypto } from './noble.ts'
import { createNodeCrypto } from './node.ts'
import type { CryptoPort } from './port.ts'
import { createWebCrypto, type WebCrypto } from './webcrypto.ts'

interface Platform {
  process?: { getBuiltinModule?: (name: string) => unknown }
  crypto?: WebCrypto
}

/** The fastest cryptography of this platform: `node:crypto`, else WebCrypto, else noble. */
export function defaultCrypto(platform: Platform = globalThis as Platform): CryptoPort {
  const native = platform.process?.getBuiltinModule?.('node:crypto')
  if (native !== undefined) return createNodeCrypto(native as typeof import('node:crypto'))
  if (platform.crypto?.subtle !== undefined) return createWebCrypto(platform.crypto)
  return createNobleCrypto()
}
