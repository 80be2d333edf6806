/** Writes the fixed SQIsign keys of development networks: made here once, because a validator should not spend its start on it. */
import { writeFileSync } from 'node:fs'
import { blake2b } from '@noble/hashes/blake2.js'
import { sqisign1 } from '@zos/pq-isogeny/sqisign.js'

const COUNT = 30
const lines = Array.from({ length: COUNT }, (_, index) => {
  const seed = blake2b(new TextEncoder().encode(`zos devnet validator ${index}`), { dkLen: 48 })
  return `  '${Buffer.from(sqisign1.keygen(seed).secretKey).toString('base64')}',`
})
writeFileSync(
  new URL('../src/genesis/devnet-isogeny-keys.ts', import.meta.url),
  `/**
 * SQIsign secret keys (level I, base64) of the validators of development networks, from the seeds 48 bytes of BLAKE2b("zos devnet validator N").
 * Public, like the phrase of the accounts: never hold value with them. Written by \`scripts/devnet-isogeny-keys.ts\`.
 */
export const DEVNET_ISOGENY_KEYS: readonly string[] = [
${lines.join('\n')}
]
`,
)
