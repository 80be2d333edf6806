/** A validator enters and leaves a running network with short epochs while packets go between it and another network. */
import { signerFromPrivateKey } from '@zos/dag'
import { connectV2, createMemoryCursors, createRelayer } from '@zos/hub-ibc/relayer'
import { createNode, privateKeyHex, type ZosNode } from '@zos/node'
import { type Devnet, startDevnet } from '@zos/node/devnet'
import { createEndpoint, GATEWAY_ABI, IBC_GATEWAY_ADDRESS } from '@zos/node/ibc'
import { CONSENSUS_ABI, CONSENSUS_ADDRESS, provePossession } from '@zos/zpos'
import { Contract, hexlify, JsonRpcProvider, NonceManager, parseEther, SigningKey, Wallet } from 'ethers'
import { afterAll, expect, test } from 'vitest'
import { DEVNET_ISOGENY_KEYS } from '../../src/genesis/devnet-isogeny-keys.ts'
import { IBC_HOST_ADDRESS } from '../../src/ibc/addresses.ts'
import { encodeRegistration } from '../../src/ibc/vote-key-call.ts'
import { signVoteKey } from '../../src/ibc/vote-keys.ts'
import { eventually, rpc } from './wait.ts'

const NO_HASH = `0x${'00'.repeat(32)}`
const LONG_MS = 200_000
const joinerKey = new Uint8Array(32).fill(0x5a)
const networks: Devnet[] = []
let joiner: ZosNode | undefined

afterAll(async () => {
  await joiner?.stop()
  await Promise.all(networks.map((network) => network.stop()))
})

test.runIf(process.env.ZOS_LONG)(
  'packets go both ways before, while and after a validator is in the committee',
  async () => {
    const start = (chainId: number, ibc: string) =>
      startDevnet({
        validators: 2,
        port: 0,
        roundIntervalMs: 50,
        epochRounds: 24,
        ticketHashes: 0,
        chainId,
        ibc,
        restart: false,
      })
    const [hub, zone] = await Promise.all([start(7_001, 'zoshub-1'), start(7_002, 'zone-1')])
    networks.push(hub, zone)
    const privateKey = privateKeyHex(hub.accounts[1]!)
    const ends = {
      hub: await createEndpoint({ url: hub.rpcUrl, privateKey }),
      zone: await createEndpoint({ url: zone.rpcUrl, privateKey }),
    }
    const { clientA, clientB } = await connectV2(ends.hub, ends.zone, 'relayer')
    const rejected: string[] = []
    const relayer = createRelayer({
      a: { endpoint: ends.hub, clientId: clientA },
      b: { endpoint: ends.zone, clientId: clientB },
      cursors: createMemoryCursors(),
      signer: 'relayer',
      batchSize: 20,
      onRejected: (chain, { typeUrl }, reason) => rejected.push(`${chain} ${typeUrl}: ${reason}`),
    })
    const accountOf = ({ rpcUrl }: Devnet, index: number) => {
      const provider = new JsonRpcProvider(rpcUrl, undefined, { cacheTimeout: -1, pollingInterval: 100 })
      return new NonceManager(new Wallet(privateKeyHex(hub.accounts[index]!), provider))
    }
    const users = [accountOf(hub, 0), accountOf(zone, 0)] as const
    let sent = 0
    const both = async () => {
      for (const [user, client] of [
        [users[0], clientA],
        [users[1], clientB],
      ] as const) {
        const gateway = new Contract(IBC_GATEWAY_ADDRESS, GATEWAY_ABI, user)
        const { timestamp } = (await user.provider!.getBlock('latest'))!
        const receiver = hub.accounts[5]!.address
        const call = gateway.getFunction('sendCoin')(client, receiver, timestamp + 3_600, '', { value: 10n })
        await (await call).wait()
        sent++
      }
      await eventually(
        async () => {
          while (await relayer.step());
          return relayer.progress.acknowledged === sent
        },
        'both to be acknowledged',
        LONG_MS,
      )
    }
    await both()
    const genesisVoters = await rpc(hub.rpcUrl, 'zos_ibcVoters', 1)

    const owner = accountOf(hub, 2)
    const address = signerFromPrivateKey(joinerKey).address
    const isogenyKey = new Uint8Array(Buffer.from(DEVNET_ISOGENY_KEYS.at(-1)!, 'base64'))
    joiner = await createNode({
      genesis: hub.genesis,
      validatorKey: joinerKey,
      isogenyKey,
      roundIntervalMs: 50,
      ticketHashes: 0,
      p2p: { peers: hub.validators.flatMap(({ addresses }) => addresses) },
      rpc: { port: 0 },
    })
    const ownerAddress = (await owner.getAddress()).toLowerCase()
    const consensus = new Contract(CONSENSUS_ADDRESS, CONSENSUS_ABI, owner)
    const { compressedPublicKey } = new SigningKey(hexlify(joinerKey))
    const possession = hexlify(provePossession(joinerKey, ownerAddress as never))
    const value = parseEther('2000')
    const keys = [compressedPublicKey, possession, NO_HASH, hexlify(isogenyKey.subarray(0, 83))]
    await (await consensus.getFunction('register')(...keys, 0, { value })).wait()
    const data = encodeRegistration(signVoteKey('zoshub-1', joinerKey, 1n))
    await (await owner.sendTransaction({ to: IBC_HOST_ADDRESS, data })).wait()
    const isVoter = async () => {
      const { voters } = await rpc(hub.rpcUrl, 'zos_ibcVoters')
      return voters.some((voter: { address: string }) => voter.address === address)
    }
    await eventually(isVoter, 'the joiner to vote for headers', LONG_MS)
    await both()
    const during = await rpc(hub.rpcUrl, 'zos_ibcVoters')
    expect(during.hash).not.toBe(genesisVoters.hash)
    expect(during.voters).toHaveLength(3)
    expect(joiner.status().producing).toBe(true)

    await (await consensus.getFunction('unbond')(ownerAddress, value)).wait()
    await eventually(async () => !(await isVoter()), 'the joiner to leave', LONG_MS)
    await both()
    expect(relayer.progress).toMatchObject({ acknowledged: 6, pending: 0 })
    expect(rejected).toEqual([])
    for (const user of [...users, owner]) (user.provider as JsonRpcProvider).destroy()
  },
  4 * LONG_MS,
)
