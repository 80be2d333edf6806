import { writeFileSync } from 'node:fs'
import { type DevnetOptions, startDevnet } from '../devnet/devnet.ts'
import { parsePartition } from '../devnet/links.ts'
import { NodeError } from '../errors.ts'
import { describeDevnet, devnetJson } from './describe-devnet.ts'

export interface DevnetSettings {
  validators: number
  port: number
  host: string
  'data-dir': string | undefined
  reset: boolean
  'round-interval': number | undefined
  'block-time': number | undefined
  accounts: number
  balance: number
  mnemonic: string | undefined
  'chain-id': number | undefined
  'gas-limit': number | undefined
  latency: number | undefined
  loss: number | undefined
  partition: string | undefined
  state: string | undefined
  index: string | undefined
  ibc: string | undefined
  'config-out': string | undefined
  json: boolean
}

/** Runs a local network until it is told to stop. */
export async function runDevnet(settings: DevnetSettings): Promise<void> {
  const say = (text: string) => settings.json || console.log(text)
  let devnet: Awaited<ReturnType<typeof startDevnet>> | undefined
  let stopping = false
  const stop = async () => {
    if (stopping) process.exit(1) // a second Ctrl-C does not wait
    stopping = true
    say('\nstopping …')
    await devnet?.stop()
    process.exit(0)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  devnet = await startDevnet({ ...optionsOf(settings), onProgress: say })
  if (stopping) return
  const json = devnetJson(devnet)
  if (settings['config-out']) writeConfig(settings['config-out'], json)
  console.log(settings.json ? json : describeDevnet(devnet, settings['data-dir']))
}

function optionsOf(settings: DevnetSettings): DevnetOptions {
  const { validators, port, host, reset, accounts, mnemonic, latency, loss, partition, state, index, ibc } = settings
  const dataDir = settings['data-dir']
  const chainId = settings['chain-id']
  const gasLimit = settings['gas-limit']
  return {
    validators,
    port,
    host,
    reset,
    accounts,
    balance: coinsToWei(settings.balance),
    roundIntervalMs: roundInterval(settings),
    links: {
      ...(latency === undefined ? {} : { latencyMs: latency }),
      ...(loss === undefined ? {} : { loss: loss / 100 }),
    },
    ...(partition === undefined ? {} : { partition: parsePartition(partition) }),
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(mnemonic === undefined ? {} : { mnemonic }),
    ...(chainId === undefined ? {} : { chainId }),
    ...(gasLimit === undefined ? {} : { gasLimit: BigInt(gasLimit) }),
    ...(state === undefined ? {} : { state }),
    ...(index === undefined ? {} : { index }),
    ...(ibc === undefined ? {} : { ibc }),
  }
}

function roundInterval(settings: DevnetSettings): number {
  const blockTime = settings['block-time']
  const interval = settings['round-interval']
  if (blockTime === undefined) return interval ?? 1_000
  if (interval !== undefined)
    throw new NodeError('NODE_INVALID_ARGUMENT', '--block-time is twice --round-interval; give one of them')
  return (blockTime * 1_000) / 2
}

function coinsToWei(coins: number): bigint {
  return BigInt(Math.round(coins * 1e6)) * 10n ** 12n
}

function writeConfig(file: string, json: string): void {
  try {
    writeFileSync(file, `${json}\n`)
  } catch (error) {
    throw new NodeError('NODE_INVALID_ARGUMENT', `cannot write ${file}: ${(error as Error).message}`, { file })
  }
}
