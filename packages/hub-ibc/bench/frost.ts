/**
 * FROST(Ed25519) with 14 of 20, against `@noble/curves` in the same run. `sign-14-20`: one signer's round two and the aggregation,
 * from encoded commitments, which is what a session costs the slowest party. `cheater-14-20`: finding one wrong share.
 */
import { ed25519_FROST as noble } from '@noble/curves/ed25519.js'
import {
  aggregate,
  commit,
  deal,
  finishKeygen,
  openSession,
  shareFor,
  signShare,
  ed25519Suite as suite,
  verifySignature,
} from '@zos/hub-ibc/custody'
import { best, cpuMs, print } from './metric.ts'

const quick = process.argv.includes('--quick')
const message = new TextEncoder().encode('a solo machine proof')
const [threshold, count] = [14, 20]

const ids = Array.from({ length: count }, (_, i) => BigInt(i + 1))
const dealings = ids.map((id) => deal(suite, id, threshold))
const dealers = dealings.map((d) => d.public)
const members = ids.slice(0, threshold).map((id) =>
  finishKeygen(
    suite,
    threshold,
    id,
    dealers,
    dealings.map((d) => shareFor(suite, d, id)),
  ),
)
const key = members[0]!.key

const own = () => {
  const nonces = members.map(({ secret }) => commit(suite, secret))
  const commitments = nonces.map((n) => n.commitment)
  const coordinator = openSession(key, message, commitments)
  const shares = new Map(
    members.slice(1).map(({ secret }, i) => [secret.identifier, signShare(coordinator, secret, nonces[i + 1]!)]),
  )
  return { nonces, commitments, shares }
}

const theirs = noble.trustedDealer({ min: threshold, max: count })
const nobleIds = Object.keys(theirs.secretShares).slice(0, threshold)
const nobleRound = () => {
  const rounds = nobleIds.map((id) => noble.commit(theirs.secretShares[id]!))
  const commitments = rounds.map((r) => r.commitments)
  const shares = Object.fromEntries(
    nobleIds
      .slice(1)
      .map((id, i) => [
        id,
        noble.signShare(theirs.secretShares[id]!, theirs.public, rounds[i + 1]!.nonces, commitments, message),
      ]),
  )
  return { rounds, commitments, shares }
}

const rounds = quick ? 2 : 4
const [ownMs, nobleMs] = best(
  rounds,
  () => {
    const { nonces, commitments, shares } = own()
    return cpuMs(() => {
      const signer = openSession(key, message, commitments)
      const share = signShare(signer, members[0]!.secret, nonces[0]!)
      const coordinator = openSession(key, message, commitments)
      const signature = aggregate(coordinator, new Map([...shares, [1n, share]]))
      if (!verifySignature(suite, key.publicKey, message, signature)) throw new Error('our signature does not verify')
    })
  },
  () => {
    const { rounds: r, commitments, shares } = nobleRound()
    return cpuMs(() => {
      const id = nobleIds[0]!
      const share = noble.signShare(theirs.secretShares[id]!, theirs.public, r[0]!.nonces, commitments, message)
      const signature = noble.aggregate(theirs.public, commitments, message, { ...shares, [id]: share })
      if (!noble.verify(signature, message, theirs.public.commitments[0]!))
        throw new Error('noble’s signature does not verify')
    })
  },
) as [number, number]
print('frost', 'sign-14-20', ownMs, 'ms', '@noble/curves 2.4.0', nobleMs)

const [ownCheat, nobleCheat] = best(
  quick ? 1 : 2,
  () => {
    const { nonces, commitments, shares } = own()
    const coordinator = openSession(key, message, commitments)
    shares.set(1n, signShare(coordinator, members[0]!.secret, nonces[0]!))
    shares.set(9n, shares.get(9n)! ^ 1n)
    return cpuMs(() => {
      try {
        aggregate(openSession(key, message, commitments), shares)
        throw new Error('the cheater was not found')
      } catch (error) {
        if (String((error as { context?: { culprits?: unknown } }).context?.culprits) !== '9') throw error
      }
    })
  },
  () => {
    const { rounds: r, commitments, shares } = nobleRound()
    const id = nobleIds[0]!
    const all: Record<string, Uint8Array> = {
      ...shares,
      [id]: noble.signShare(theirs.secretShares[id]!, theirs.public, r[0]!.nonces, commitments, message),
    }
    const bad = all[nobleIds[8]!]!.slice()
    bad[0]! ^= 1
    all[nobleIds[8]!] = bad
    return cpuMs(() => {
      try {
        noble.aggregate(theirs.public, commitments, message, all)
        throw new Error('noble did not find the cheater')
      } catch (error) {
        const cheaters = (error as { cheaters?: string[] }).cheaters
        if (cheaters?.length !== 1 || cheaters[0] !== nobleIds[8]) throw error
      }
    })
  },
) as [number, number]
print('frost', 'cheater-14-20', ownCheat, 'ms', '@noble/curves 2.4.0', nobleCheat)
