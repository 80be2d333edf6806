/**
 * Key generation, signing and verification of SQIsign 3.0 at the three levels beside ML-DSA-44 in the same run; without
 * --quick also ML-DSA-65, Falcon-512 and SLH-DSA-SHA2-128f, and the F_{p²} kernels. Milliseconds of CPU time, the minimum of
 * repeated runs.
 */
import { falcon512 } from '@noble/post-quantum/falcon.js'
import { ml_dsa44, ml_dsa65 } from '@noble/post-quantum/ml-dsa.js'
import { slh_dsa_sha2_128f } from '@noble/post-quantum/slh-dsa.js'
import { setBackend, sqisign1, sqisign3, sqisign5 } from '@zos/pq-isogeny/sqisign.js'
import { printMetric } from '../../../scripts/metric.ts'

const quick = process.argv.includes('--quick')
const message = new TextEncoder().encode('thirty-two bytes to be signed ...')

/** Least CPU milliseconds of one call within the time. */
function least(run: () => void, seconds: number): number {
  let best = Number.POSITIVE_INFINITY
  const end = performance.now() + seconds * 1000
  for (let n = 0; n < 3 || performance.now() < end; n++) {
    const start = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, (user + system) / 1000)
  }
  return best
}

function report(metric: string, value: number, peer?: string, peerValue?: number): void {
  printMetric({ bench: 'sqisign', metric, value, unit: metric.endsWith('-bytes') ? 'bytes' : 'ms', peer, peerValue })
}

const seconds = quick ? 1 : 4
const peerKeys = ml_dsa44.keygen()
const peerSignature = ml_dsa44.sign(message, peerKeys.secretKey)
if (!ml_dsa44.verify(peerSignature, message, peerKeys.publicKey)) throw new Error('ML-DSA-44 does not verify')
const peer = {
  keygen: least(() => void ml_dsa44.keygen(), 1),
  sign: least(() => void ml_dsa44.sign(message, peerKeys.secretKey), 1),
  verify: least(() => void ml_dsa44.verify(peerSignature, message, peerKeys.publicKey), 1),
}

for (const [level, scheme] of [
  [1, sqisign1],
  [3, sqisign3],
  [5, sqisign5],
] as const) {
  const { publicKey, secretKey } = scheme.keygen()
  const signature = scheme.sign(message, secretKey)
  const verify = (): void => {
    if (!scheme.verify(signature, message, publicKey)) throw new Error(`level ${level} does not verify`)
  }
  for (let n = 0; n < 20; n++) verify()
  report(`verify-${level}-ms`, least(verify, seconds), 'ML-DSA-44', peer.verify)
  report(
    `keygen-${level}-ms`,
    least(() => void scheme.keygen(), seconds),
    'ML-DSA-44',
    peer.keygen,
  )
  report(
    `sign-${level}-ms`,
    least(() => void scheme.sign(message, secretKey), seconds),
    'ML-DSA-44',
    peer.sign,
  )
  report(`key-and-signature-${level}-bytes`, publicKey.length + signature.length, 'ML-DSA-44', 1312 + 2420)
  if (level === 1) {
    setBackend('bigint')
    verify()
    report('verify-1-bigint-ms', least(verify, seconds))
    setBackend('auto')
  }
}

if (!quick)
  for (const [name, scheme] of [
    ['ml-dsa-65', ml_dsa65],
    ['falcon-512', falcon512],
    ['slh-dsa-sha2-128f', slh_dsa_sha2_128f],
  ] as const) {
    const keys = scheme.keygen()
    const signature = scheme.sign(message, keys.secretKey)
    report(
      `peer-${name}-keygen-ms`,
      least(() => void scheme.keygen(), 2),
    )
    report(
      `peer-${name}-sign-ms`,
      least(() => void scheme.sign(message, keys.secretKey), 2),
    )
    report(
      `peer-${name}-verify-ms`,
      least(() => void scheme.verify(signature, message, keys.publicKey), 2),
    )
  }
