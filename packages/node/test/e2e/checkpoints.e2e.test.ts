/** Checkpoints of four validators with classical and isogeny keys, over kill -9 and for a node that joins late. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesToHex, hexToBytes } from '@ethereumjs/util'
import { createNode, parseGenesis, type ZosNode } from '@zos/node'
import { type Devnet, startDevnet } from '@zos/node/devnet'
import { sqisign1 } from '@zos/pq-isogeny/sqisign.verify.js'
import {
  bip340,
  type CheckpointMember,
  createFollower,
  decodeCertificate,
  type SchemeVerifier,
} from '@zos/zpos/checkpoint'
import { afterEach, expect, test } from 'vitest'
import { rpc as once, eventually as within } from './wait.ts'

const sqisign: SchemeVerifier = {
  scheme: 2,
  verify: (key, digest, signature) => sqisign1.verify(signature, digest, key),
}

/** Four processes on a machine that has other work: what takes seconds alone may take minutes. */
const TIMEOUT_MS = 240_000
const eventually = <T>(probe: () => Promise<T | undefined | false | null>, what: string) =>
  within(probe, what, TIMEOUT_MS)

/** A connection that the server has just closed is no fault of the network. */
const rpc = (url: string, method: string, ...params: unknown[]) =>
  within(() => once(url, method, ...params), method, TIMEOUT_MS)

let devnet: Devnet | undefined
let late: ZosNode | undefined
let dataDir: string | undefined

afterEach(async () => {
  await late?.stop()
  await devnet?.stop()
  if (dataDir) rmSync(dataDir, { recursive: true, force: true })
})

function membersOf(json: { address: string; stake: string; keys: { scheme: number; key: `0x${string}` }[] }[]) {
  return json.map(
    ({ address, stake, keys }): CheckpointMember => ({
      address,
      stake: BigInt(stake),
      keys: keys.map(({ scheme, key }) => ({ scheme, key: hexToBytes(key) })),
    }),
  )
}

/** All have the same blocks, and their units have indices without a gap over the ends of epochs. */
async function sameBlocks({ rpcUrl: url, validators }: Devnet): Promise<void> {
  const common = Math.min(...(await Promise.all(validators.map(async (validator) => (await validator.status()).block))))
  const tag = `0x${common.toString(16)}`
  const hashes = await Promise.all(
    validators.map(async ({ rpcUrl }) => (await rpc(rpcUrl, 'eth_getBlockByNumber', tag, false)).hash),
  )
  expect(new Set(hashes).size).toBe(1)
  let mci = 0
  for (let block = 1; block <= common; block++) {
    for (const unit of (await rpc(url, 'zos_getBlockUnits', `0x${block.toString(16)}`)).units) {
      expect(unit.mci === mci || unit.mci === mci + 1).toBe(true)
      mci = unit.mci
    }
  }
  expect(mci).toBeGreaterThan(common)
}

test('every epoch gets a checkpoint under both signatures that leads from the genesis committee to the block and its state', {
  timeout: 4 * TIMEOUT_MS,
}, async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'zos-test-'))
  devnet = await startDevnet({
    port: 0,
    roundIntervalMs: 120,
    epochRounds: 20,
    ticketHashes: 0,
    restart: false,
    dataDir,
  })
  const [first, , , victim] = devnet.validators
  const certified = (epoch: number, url = devnet!.rpcUrl) =>
    eventually(() => once(url, 'zos_getCheckpoint', epoch), `the checkpoint of epoch ${epoch}`)
  await certified(1)

  // One validator dies and comes back: the others certify without it, and it gets what it missed.
  await victim!.kill('SIGKILL')
  const { epoch } = await first!.status()
  await certified(epoch + 1)
  await victim!.start()
  await certified(epoch + 1, victim!.rpcUrl)
  const reached = (await victim!.status()).epoch
  await eventually(
    async () => (await rpc(devnet!.rpcUrl, 'zos_getCheckpoint', 'latest')).epoch >= reached + 1,
    'checkpoints with all',
  )

  await sameBlocks(devnet)

  // A follower of the checkpoints believes nothing but the genesis committee.
  const genesisMembers = devnet.genesis.validators.map(({ address, publicKey, isogenyKey, stake }) => ({
    address,
    stake: BigInt(stake),
    keys: [
      { scheme: 1, key: hexToBytes(publicKey) },
      { scheme: 2, key: hexToBytes(isogenyKey!) },
    ],
  }))
  const follower = createFollower({
    trusted: { epoch: 0, members: genesisMembers, timeMs: devnet.genesis.timestampMs },
    networkId: devnet.genesis.chainId,
    trustMs: 3_600_000,
    verifiers: [bip340, sqisign],
  })
  const latest = await rpc(devnet.rpcUrl, 'zos_getCheckpoint', 'latest')
  const records = []
  while (records.length <= latest.epoch)
    records.push(...(await rpc(devnet.rpcUrl, 'zos_getCheckpoints', records.length, 16)))
  for (const record of records) {
    const certificate = decodeCertificate(hexToBytes(record.certificate))!
    expect(follower.follow(certificate, membersOf(record.next), Date.now())).toMatchObject({ status: 'followed' })
  }
  const block = await rpc(devnet.rpcUrl, 'eth_getBlockByNumber', `0x${latest.block.toString(16)}`, false)
  expect(block).toMatchObject({ hash: latest.blockHash, stateRoot: latest.stateRoot })
  expect(Number(block.timestamp) * 1_000).toBe(latest.timeMs)
  expect(await rpc(devnet.rpcUrl, 'zos_getUnit', latest.unit)).toMatchObject({ mci: latest.mci, block: latest.block })

  // Nobody signed two checkpoints of one epoch, whatever crashed in between.
  for (const { index } of devnet.validators) {
    const claims = readFileSync(join(dataDir, `validator-${index}`, 'checkpoint-journal'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line.slice(9)).round)
    expect(claims).toEqual([...new Set(claims)].sort((a, b) => a - b))
  }

  // A node without a stake that joins late has the certificates too.
  late = await createNode({
    genesis: parseGenesis(readFileSync(join(dataDir, 'genesis.json'), 'utf8')),
    p2p: { peers: devnet.validators.flatMap(({ addresses }) => [...addresses]) },
  })
  await eventually(async () => late!.checkpoint(latest.epoch), 'the certificate at the late node')
  for (let number = 0; number <= latest.epoch; number++) {
    const record = late.checkpoint(number)
    expect(record?.checkpoint.blockHash).toBe(records[number].blockHash)
    expect(record?.certificate?.shares.length).toBeGreaterThanOrEqual(3)
  }

  // Heads: newer than the checkpoint, signed by a quorum.
  const head = await eventually(() => once(devnet!.rpcUrl, 'zos_getHead'), 'a head')
  expect(head.shares.length).toBeGreaterThanOrEqual(3)
  expect(bytesToHex(hexToBytes(head.header))).toMatch(/^0x/)
  expect(await rpc(devnet.rpcUrl, 'zos_getHeaders', latest.block, 1)).toHaveLength(1)
})
