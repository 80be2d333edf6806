// pnpm bench cryptonight [--quick]: milliseconds a hash, in WebAssembly and in plain TypeScript.
// No peer: what npm has is native code with install scripts, GPL, or does not load.
import { createCryptonight, cryptonightPlain } from '@zos/zpos/cryptonight'
import { printMetric } from '../../../scripts/metric.ts'

const quick = process.argv.includes('--quick')
const input = new Uint8Array(72).map((_, i) => i)
const hasher = await createCryptonight()

function milliseconds(hash: () => Uint8Array, count: number): number {
  hash()
  const times = Array.from({ length: count }, () => {
    const start = process.cpuUsage()
    hash()
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1000
  })
  return times.sort((a, b) => a - b)[Math.floor(count / 2)]!
}

for (const variant of [0, 1, 2] as const) {
  const fast = hasher.hash(input, variant)
  const plain = cryptonightPlain(input, variant)
  if (fast.some((byte, i) => byte !== plain[i]))
    throw new Error(`variant ${variant}: WebAssembly and TypeScript differ`)
  const value = milliseconds(() => hasher.hash(input, variant), quick ? 15 : 60)
  const plainMs = milliseconds(() => cryptonightPlain(input, variant), quick ? 3 : 10)
  print(`v${variant}-ms`, value, 'ms/hash')
  print(`v${variant}-plain-ms`, plainMs, 'ms/hash')
  print(`v${variant}-rate`, 1000 / value, 'H/s')
}

function print(metric: string, value: number, unit: string): void {
  printMetric({ bench: 'cryptonight', metric, value, unit })
}
