/** What happens between the two networks; `main.ts` starts them. */
import { connectV2 } from '@zos/hub-ibc/relayer'
import { createEndpoint, GATEWAY_ABI, IBC_GATEWAY_ADDRESS } from '@zos/node/ibc'
import { Contract, ContractFactory, JsonRpcProvider, NonceManager, Wallet } from 'ethers'
import { compileTea } from './compile.ts'
import { startRelayer, writeRelayConfig } from './relayer-process.ts'

export interface Networks {
  hubUrl: string
  zoneUrl: string
  /** Of a funded account on both networks. */
  userKey: `0x${string}`
  relayerKey: `0x${string}`
  /** For the relayer's configuration and marks. */
  folder: string
  say: (line: string) => void
}

export interface Report {
  hubClient: string
  zoneClient: string
  /** The token on the zone, made there by the first transfer. */
  zoneToken: string
  zoneTokenName: string
  zoneTokenDecimals: number
  /** Balances of the user, in the token's smallest unit. */
  supply: bigint
  afterSending: { hub: bigint; zone: bigint }
  afterReturning: { hub: bigint; zone: bigint }
  whileLate: { hub: bigint; zone: bigint }
  afterRefund: { hub: bigint; zone: bigint }
  /** What the hub's books say the zone holds, while 40 were there and at the end. */
  booked: { there: string; end: string }
}

const SUPPLY = 1_000_000_000n
const SENT = 40_000_000n
const RETURNED = 40_000_000n
const LATE = 7_000_000n

export async function hubAndZone({ hubUrl, zoneUrl, userKey, relayerKey, folder, say }: Networks): Promise<Report> {
  const [hub, zone] = [connect(hubUrl, userKey), connect(zoneUrl, userKey)]
  const user = new Wallet(userKey).address

  say('opening the path: a light client of each network on the other')
  const endpoints = {
    hub: await createEndpoint({ url: hubUrl, privateKey: relayerKey }),
    zone: await createEndpoint({ url: zoneUrl, privateKey: relayerKey }),
  }
  const { clientA: hubClient, clientB: zoneClient } = await connectV2(endpoints.hub, endpoints.zone, 'relayer')
  const config = writeRelayConfig(
    folder,
    relayerKey,
    { url: hubUrl, clientId: hubClient },
    { url: zoneUrl, clientId: zoneClient },
  )

  const { abi, bytecode } = compileTea()
  const tea = (await new ContractFactory(abi, bytecode, hub.signer).deploy(SUPPLY)) as Contract
  await tea.waitForDeployment()
  const teaAddress = await tea.getAddress()
  await (await tea.getFunction('approve')(IBC_GATEWAY_ADDRESS, SUPPLY)).wait()
  say(`a token on the hub: ${teaAddress}`)
  const booked = async () =>
    (await hub.provider.send('zos_ibcHoldings', ['transfer', hubClient, `erc20/${teaAddress.toLowerCase()}`])).holdings

  let relayer = startRelayer(config, say)
  try {
    say(`sending ${SENT} of it to the zone`)
    await sendToken(hub, teaAddress, SENT, hubClient, user, 600n)
    const zoneToken = await eventually('the token on the zone', async () => {
      const [deployed] = await zone.gateway.queryFilter('Deployed')
      return deployed && 'args' in deployed ? (deployed.args.token as string) : undefined
    })
    const there = new Contract(zoneToken, abi, zone.signer)
    const balances = async () => ({
      hub: (await tea.getFunction('balanceOf')(user)) as bigint,
      zone: (await there.getFunction('balanceOf')(user)) as bigint,
    })
    const settled = (wanted: { hub: bigint; zone: bigint }) =>
      eventually(`${wanted.hub} on the hub and ${wanted.zone} on the zone`, async () => {
        const now = await balances()
        return now.hub === wanted.hub && now.zone === wanted.zone ? now : undefined
      })
    const afterSending = await settled({ hub: SUPPLY - SENT, zone: SENT })
    // The books follow with the acknowledgement.
    const bookedThere = await eventually('the acknowledgement', async () => {
      const holdings = await booked()
      return holdings === String(SENT) ? holdings : undefined
    })
    say(`on the zone: ${zoneToken}`)

    say(`sending ${RETURNED} back`)
    await (await there.getFunction('approve')(IBC_GATEWAY_ADDRESS, RETURNED)).wait()
    await sendToken(zone, zoneToken, RETURNED, zoneClient, user, 600n)
    const afterReturning = await settled({ hub: SUPPLY - SENT + RETURNED, zone: SENT - RETURNED })

    say('stopping the relayer and sending something that it will be too late for')
    await relayer.stop()
    const timeout = await sendLate(hub, teaAddress, hubClient, user)
    const whileLate = await balances()
    await eventually('the zone’s clock to pass the timeout', async () => {
      const { time } = await zone.provider.send('zos_ibcStatus', [])
      return BigInt(time) / 1_000_000_000n > timeout ? true : undefined
    })
    relayer = startRelayer(config, say)
    const afterRefund = await settled(afterReturning)
    await eventually('the relayer to see that it is done', async () => relayer.said('timed out 1') || undefined)
    say('refunded')
    return {
      hubClient,
      zoneClient,
      zoneToken,
      zoneTokenName: await there.getFunction('name')(),
      zoneTokenDecimals: Number(await there.getFunction('decimals')()),
      supply: SUPPLY,
      afterSending,
      afterReturning,
      whileLate,
      afterRefund,
      booked: { there: bookedThere, end: await booked() },
    }
  } finally {
    await relayer.stop()
    hub.provider.destroy()
    zone.provider.destroy()
  }
}

function connect(url: string, key: string) {
  const provider = new JsonRpcProvider(url, undefined, { pollingInterval: 100, cacheTimeout: -1 })
  const signer = new NonceManager(new Wallet(key, provider))
  return { provider, signer, gateway: new Contract(IBC_GATEWAY_ADDRESS, GATEWAY_ABI, signer) }
}

/** Sends tokens with `seconds` to live; the moment that they expire at, in seconds since 1970. */
async function sendToken(
  from: ReturnType<typeof connect>,
  token: string,
  amount: bigint,
  client: string,
  receiver: string,
  seconds: bigint,
): Promise<bigint> {
  const { timestamp } = (await from.provider.getBlock('latest'))!
  const timeout = BigInt(timestamp) + seconds
  await (await from.gateway.getFunction('sendToken')(token, amount, client, receiver, timeout, '')).wait()
  return timeout
}

/** Sends with as little time to live as the network lets pass: a slow machine needs more until its block comes. */
async function sendLate(from: ReturnType<typeof connect>, token: string, client: string, receiver: string) {
  for (let seconds = 4n; ; seconds *= 2n) {
    try {
      return await sendToken(from, token, LATE, client, receiver, seconds)
    } catch (error) {
      if (seconds > 60n) throw error
      from.signer.reset()
    }
  }
}

async function eventually<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + 180_000
  for (;;) {
    const answer = await probe()
    if (answer !== undefined) return answer
    if (Date.now() > end) throw new Error(`not within three minutes: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
