/** A validator that registers at run time on a network whose checkpoints need two signatures: without its second one nothing is certified. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesToHex } from '@ethereumjs/util'
import { createNode, devnetGenesis, type ZosNode } from '@zos/node'
import { createLightNode, type LightNode } from '@zos/node/light'
import { sqisign1 } from '@zos/pq-isogeny/sqisign.verify.js'
import { CONSENSUS_ABI, CONSENSUS_ADDRESS, provePossession, vrfPublicKey } from '@zos/zpos'
import { bip340, checkCertificate, type SchemeVerifier } from '@zos/zpos/checkpoint'
import { Contract, JsonRpcProvider, parseEther, SigningKey, Wallet } from 'ethers'
import { afterAll, expect, test } from 'vitest'
import { eventually } from './wait.ts'

const TIMEOUT_MS = 240_000
const STAKE = parseEther('2000')
const sqisign: SchemeVerifier = {
  scheme: 2,
  verify: (key, digest, signature) => sqisign1.verify(signature, digest, key),
}
const closers: (() => unknown)[] = []

afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

// Minutes of SQIsign keys and signatures on a busy machine.
test.runIf(process.env.ZOS_LONG)(
  'its second signature counts for checkpoints, for a light node that began before it and a node that joins from a snapshot',
  async () => {
    const { genesis, accounts, validatorKeys } = devnetGenesis({
      validators: 2,
      timestampMs: Date.now(),
      epochRounds: 16,
    })
    const [first, second] = validatorKeys
    // The genesis knows the first one only; the second brings as much stake, so a quorum needs both.
    genesis.validators = [{ ...genesis.validators[0]!, stake: STAKE.toString() }]
    const options = { genesis, roundIntervalMs: 20, ticketHashes: 0, pruning: { keepEpochs: 1 } }
    const start = async (more: Partial<Parameters<typeof createNode>[0]>): Promise<ZosNode> => {
      const node = await createNode({ ...options, ...more })
      closers.push(() => node.stop())
      return node
    }
    const keysOf = ({ privateKey, isogenyKey }: typeof first & object) => ({ validatorKey: privateKey, isogenyKey })
    const node = await start({ ...keysOf(first!), rpc: { port: 0 } })
    await expect(createNode({ ...options, validatorKey: second!.privateKey })).rejects.toMatchObject({
      code: 'NODE_INVALID_ARGUMENT',
    })
    const joiner = await start({ ...keysOf(second!), p2p: { peers: node.addresses() } })

    const provider = new JsonRpcProvider(node.rpcUrl, undefined, { cacheTimeout: -1, pollingInterval: 100 })
    closers.push(() => provider.destroy())
    const owner = new Wallet(bytesToHex(accounts[1]!.privateKey), provider)
    const consensus = new Contract(CONSENSUS_ADDRESS, CONSENSUS_ABI, owner)
    const isogenyKey = bytesToHex(second!.isogenyKey.subarray(0, 83))
    const sent = await consensus.getFunction('register')(
      new SigningKey(bytesToHex(second!.privateKey)).compressedPublicKey,
      provePossession(second!.privateKey, owner.address.toLowerCase() as never),
      vrfPublicKey(second!.privateKey),
      isogenyKey,
      0,
      { value: STAKE },
    )
    await sent.wait()
    expect((await consensus.getFunction('keysOf')(owner.address))[2]).toBe(isogenyKey)

    const certificate = await eventually(
      async () => {
        const record = node.checkpoint('latest')
        return record?.members.length === 2 && record
      },
      'a checkpoint of both',
      TIMEOUT_MS,
    )
    const shares = certificate.certificate!.shares
    expect(shares.map(({ signatures }) => signatures.map(({ scheme }) => scheme))).toEqual([
      [1, 2],
      [1, 2],
    ])
    const verifiers = [bip340, sqisign]
    const network = { networkId: genesis.chainId, verifiers }
    expect(checkCertificate(certificate.certificate!, certificate.members, network)).toBeUndefined()
    const alone = { ...certificate.certificate!, shares: shares.filter(({ address }) => address === first!.address) }
    expect(checkCertificate(alone, certificate.members, network)).toMatch(/not more than two thirds/)
    await eventually(
      async () => joiner.status().checkpoint !== null && joiner.status().producing,
      'the joiner',
      TIMEOUT_MS,
    )

    const light: LightNode = await createLightNode({ chain: genesis, sources: [node.rpcUrl!] })
    closers.push(() => light.close())
    await light.ready({ timeoutMs: TIMEOUT_MS })
    await eventually(async () => light.status.epoch > certificate.checkpoint.epoch, 'the light node', TIMEOUT_MS)

    const dataDir = mkdtempSync(join(tmpdir(), 'zos-second-key-'))
    closers.push(() => rmSync(dataDir, { recursive: true, force: true }))
    await eventually(async () => node.status().firstEpoch > certificate.checkpoint.epoch, 'pruning', TIMEOUT_MS)
    const late = await start({ dataDir, p2p: { peers: [...node.addresses(), ...joiner.addresses()] } })
    const from = late.status().firstEpoch
    expect(from).toBeGreaterThan(certificate.checkpoint.epoch)
    await eventually(
      async () =>
        (late.checkpoint('latest')?.checkpoint.epoch ?? 0) > from && late.checkpoint('latest')!.members.length === 2,
      'a checkpoint at the late node',
      TIMEOUT_MS,
    )
  },
  4 * TIMEOUT_MS,
)
