/** In a browser: CryptoNight, the VRF, a checkpoint's certificate, and a committer over a small DAG. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { checkCertificate, committeeHash, createCheckpointCollector } from '../../src/checkpoint/index.ts'
import { createCryptonight, cryptonightPlain } from '../../src/cryptonight/index.ts'
import { createCommitter, roundRobinSchedule, signCheckpoint, vrfProve, vrfVerify } from '../../src/index.ts'
import { parseDag } from '../support/dag-language.ts'
import { committeeOf, names } from '../support/network.ts'
import { keys, NETWORK } from '../support/real-dag.ts'

function expect(what: string, good: boolean): void {
  if (!good) throw new Error(`${what} is wrong in this browser`)
}

export async function run(): Promise<void> {
  // Monero, tests/hash/tests-slow-1.txt, first line.
  const digest = 'b5a7f63abb94d07d1a6445c36c07c7e8327fe61b1647e391b4c7edae5de57a3d'
  const input = new Uint8Array(43)
  expect('CryptoNight in WebAssembly', bytesToHex((await createCryptonight()).hash(input)) === digest)
  expect('CryptoNight in TypeScript', bytesToHex(cryptonightPlain(input)) === digest)

  // RFC 9381, example 16.
  const secret = hexToBytes('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
  const key = hexToBytes('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
  const { proof, output } = vrfProve(secret, new Uint8Array())
  expect('the VRF', bytesToHex(vrfVerify(key, new Uint8Array(), proof)!) === bytesToHex(output))

  const signers = keys(4)
  const members = signers.map(({ address, publicKey }) => ({
    address,
    stake: 1n,
    keys: [{ scheme: 1, key: publicKey }],
  }))
  const hash = `0x${'12'.repeat(32)}` as const
  const checkpoint = {
    epoch: 0,
    mci: 9,
    unit: hash,
    stateRoot: hash,
    block: 4,
    blockHash: hash,
    timeMs: 1_000,
    nextCommittee: committeeHash(1, members),
    rulesHash: hash,
  }
  const collector = createCheckpointCollector({ checkpoint, members, networkId: NETWORK })
  for (const { address, secret: own } of signers) {
    collector.add({ address, signatures: [{ scheme: 1, signature: signCheckpoint(checkpoint, NETWORK, own) }] })
  }
  expect('a certificate', checkCertificate(collector.certificate()!, members, { networkId: NETWORK }) === undefined)

  const committee = committeeOf(4)
  const dag = parseDag('Round 1 : { * } Round 2 : { * } Round 3 : { * } Round 4 : { * }', names(4))
  const [decision] = createCommitter({ dag, committee, schedule: roundRobinSchedule(committee) }).update()
  expect('the committer', decision?.outcome === 'commit' && decision.round === 2)
}
