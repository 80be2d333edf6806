/** ICS-23 verification of proofs from bytes, against `@confio/ics23` in the same run. `--quick`: fewer proofs and rounds. */
import { ics23 as confio, iavlSpec as confioSpec, verifyMembership as confioVerify } from '@confio/ics23'
import { IavlTree } from '@zos/hub-ibc/iavl'
import { createBatchVerifier, iavlSpec, verifyMembership } from '@zos/hub-ibc/ics23'
import { best, cpuMs, print } from './metric.ts'

const quick = process.argv.includes('--quick')
const KEYS = 100_000
const PROOFS = quick ? 1000 : 4000

const tree = new IavlTree()
const text = new TextEncoder()
const pairs = Array.from({ length: KEYS }, (_, i) => {
  const key = text.encode(`commitments/ports/transfer/channels/channel-${i % 7}/sequences/${i}`)
  const value = new Uint8Array(32).map((_, j) => (i >> (j % 16)) & 255)
  value[0] = 1
  tree.set(key, value)
  return [key, value] as const
})
const root = tree.commit().hash
const proofs = Array.from({ length: PROOFS }, (_, i) => {
  const [key, value] = pairs[(i * 7919) % KEYS]!
  return { key, value, proof: tree.prove(key) }
})

const check = (valid: boolean) => {
  if (!valid) throw new Error('a valid proof was refused')
}
const [single, batch, peer] = best(
  quick ? 3 : 6,
  () =>
    cpuMs(() => {
      for (const { key, value, proof } of proofs)
        check(verifyMembership(iavlSpec, root, proof, key, value).status === 'valid')
    }),
  () =>
    cpuMs(() => {
      const verifier = createBatchVerifier(iavlSpec, root)
      for (const { key, value, proof } of proofs) check(verifier.verifyMembership(proof, key, value).status === 'valid')
    }),
  () =>
    cpuMs(() => {
      for (const { key, value, proof } of proofs) {
        check(confioVerify(confio.CommitmentProof.decode(proof), confioSpec, root, key, value))
      }
    }),
).map((ms) => (ms * 1000) / PROOFS) as [number, number, number]

// Both refuse a forgery, so neither measures a shortcut.
const { key, proof } = proofs[0]!
check(verifyMembership(iavlSpec, root, proof, key, new Uint8Array(32)).status === 'invalid')
check(!confioVerify(confio.CommitmentProof.decode(proof), confioSpec, root, key, new Uint8Array(32)))

print('ics23', 'verify', single, 'µs', '@confio/ics23 0.6.8', peer)
print('ics23', 'verify-batch', batch, 'µs', '@confio/ics23 0.6.8', peer)
