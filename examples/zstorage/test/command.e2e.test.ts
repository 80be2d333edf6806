/** The market by the command `zos-store` alone: a provider and a client in processes and homes of their own, on a network of one validator. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { type Devnet, startDevnet } from '@zos/node/devnet'
import { createRpcProvider, type Hex } from '@zos/rain-storage/market'
import { JsonRpcProvider } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deployMarket } from '../src/deploy.ts'

const run = promisify(execFile)
const cli = join(dirname(createRequire(import.meta.url).resolve('@zos/rain-storage/package.json')), 'dist', 'cli.js')
const WINDOW_S = 600

let folder: string
let devnet: Devnet
let contract: Hex
const children: ChildProcess[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zstorage-'))
  devnet = await startDevnet({ port: 0, validators: 1, roundIntervalMs: 100 })
  const provider = new JsonRpcProvider(devnet.rpcUrl, undefined, { cacheTimeout: -1 })
  provider.pollingInterval = 50
  contract = await deployMarket(await provider.getSigner(devnet.accounts[0]!.address))
  provider.destroy()
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await devnet?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** The commands of one home. */
function homeOf(name: string) {
  const home = join(folder, name)
  const argv = (args: string[]) => [cli, ...args, '--home', home]
  return {
    home,
    async call(...args: string[]) {
      return (await run(process.execPath, argv(args))).stdout.trim()
    },
    async json<T>(...args: string[]): Promise<T> {
      return JSON.parse(await this.call(...args, '--json')) as T
    },
    /** Starts a command that runs until it is stopped; its lines are objects. */
    start(...args: string[]) {
      const child = spawn(process.execPath, argv(args), { stdio: ['ignore', 'pipe', 'inherit'] })
      children.push(child)
      const seen: Record<string, unknown>[] = []
      let look = () => {}
      createInterface({ input: child.stdout }).on('line', (line) => {
        seen.push(JSON.parse(line) as Record<string, unknown>)
        look()
      })
      const ended = once(child, 'exit')
      return {
        /** The first line with these fields. */
        line: (fields: Record<string, unknown>) =>
          new Promise<Record<string, unknown>>((resolve, reject) => {
            const matches = (one: Record<string, unknown>) =>
              Object.entries(fields).every(([key, is]) => one[key] === is)
            look = () => {
              const found = seen.find(matches)
              if (found !== undefined) resolve(found)
            }
            look()
            const fail = (why: string) => () =>
              reject(new Error(`${why} ${JSON.stringify(fields)}: ${JSON.stringify(seen)}`))
            void ended.then(fail('ended before'))
            setTimeout(fail('a minute without'), 60_000).unref()
          }),
        async stop() {
          child.kill('SIGTERM')
          return (await ended)[0] as number | null
        },
      }
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('a provider offers, a client makes a deal, a shard is proved and paid, across a restart of the provider', async () => {
  const chain = createRpcProvider({ url: devnet.rpcUrl, fetch })
  const passTime = async (seconds: number) => {
    await chain.request({ method: 'evm_increaseTime', params: [seconds] })
    await chain.request({ method: 'evm_mine' })
  }
  // Windows begin at full ten minutes of the chain's clock, which goes on by itself: none shall begin while commands run.
  const { timestamp } = (await chain.request({ method: 'eth_getBlockByNumber', params: ['latest', false] })) as {
    timestamp: string
  }
  await passTime(WINDOW_S - (Number(timestamp) % WINDOW_S) + 10)
  const balance = async (who: string) =>
    BigInt(String(await chain.request({ method: 'eth_getBalance', params: [who, 'latest'] })))
  const [, provider, client] = devnet.accounts
  const [seller, buyer] = [homeOf('seller'), homeOf('buyer')]
  const place = ['--rpc', devnet.rpcUrl, '--contract', contract]

  // The provider signs with a key of its own; the node signs for the client, whose file lies in its own home.
  const [keyFile, file] = [join(folder, 'key'), join(folder, 'letter')]
  await writeFile(keyFile, Buffer.from(provider!.privateKey).toString('hex'), { mode: 0o600 })
  await writeFile(file, Buffer.alloc(100_000, 'a letter '))
  const listen = `/ip4/127.0.0.1/tcp/${await freePort()}`
  const terms = ['--min-window', '10m', '--min-duration', '10m', '--max-missed', '2']
  const price = ['--price', '25000', '--collateral', '10', '--capacity', '1GiB']
  const provide = ['market', 'provide', '--listen', listen, '--interval', '1s', '--metrics', '0']
  const account = provider!.address.toLowerCase()
  const sell = async () => {
    await seller.call('market', 'use', ...place, '--account', keyFile)
    expect(await seller.json('market', 'offer', ...price, ...terms, '--peer', listen)).toMatchObject({ offer: '1' })
    const started = seller.start(...provide)
    expect(await started.line({ account })).toMatchObject({ offers: ['1'] })
    return started
  }
  const store = async () => {
    await buyer.call('init', '--k', '1', '--n', '1', '--nodes', '1')
    await buyer.call('market', 'use', ...place, '--account', client!.address)
    return buyer.call('put', file)
  }
  let [agent, capability] = await Promise.all([sell(), store()])

  // A deal brings it to the provider, too.
  expect(await buyer.call('market', 'offers')).toContain('price       25000 coins for a GiB and 30 days')
  const deal = ['market', 'deal', 'letter', '--duration', '20m', '--window', '10m']
  await expect(buyer.call(...deal)).rejects.toThrow(/Nothing was opened: --yes/)
  expect(await buyer.call(...deal, '--yes')).toContain('"type":"opened","deal":"1"')
  await agent.line({ type: 'accepted', deal: '1' })
  expect(await agent.stop()).toBe(0)

  // The shard is read from the provider when the home has lost it; one window is proved by an agent that was started anew.
  agent = seller.start(...provide)
  const { metrics } = await agent.line({ account })
  await buyer.call('remove-node', 'local-0')
  expect(await buyer.call('get', capability)).toBe((await readFile(file, 'utf8')).trim())
  await passTime(WINDOW_S)
  await agent.line({ type: 'proved', deal: '1', window: 0 })
  const [running] = await buyer.json<Record<string, unknown>[]>('market', 'deals')
  expect(running).toMatchObject({ deal: '1', state: 'running', proved: 1, missed: 0, windows: 2, isClient: true })
  expect(await (await fetch(String(metrics))).text()).toContain('zos_store_market_events_total{type="proved"} 1\n')

  // The provider is paid for it now, and the client for the window that nobody proves.
  expect(await agent.stop()).toBe(0)
  const due = BigInt(running!.toProvider as string) // 0: the client's view is the same as the provider's
  expect(due).toBeGreaterThan(0n)
  const before = await balance(contract)
  expect(await seller.call('market', 'collect')).toBe('deal 1 is collected')
  expect(before - (await balance(contract))).toBe(due)
  await passTime(2 * WINDOW_S)
  const keeper = buyer.start('market', 'keep', '--interval', '1s')
  await keeper.line({ type: 'missed', deal: '1', missed: 1 })
  await keeper.line({ type: 'over', deal: '1', failed: false })
  expect(await buyer.call('market', 'drop', 'letter')).toBe('letter is not kept any more')
  expect(await keeper.stop()).toBe(0)
  await seller.call('market', 'collect')
  expect(await balance(contract)).toBe(0n)
  expect(await seller.call('market', 'close-offer', '1')).toBe('offer 1 is closed')
  const [offers, deals] = await Promise.all([buyer.call('market', 'offers'), buyer.call('market', 'deals', '--all')])
  expect(offers).toBe('no offers')
  expect(deals).toMatch(/^deal 1 {2}over, client, offer 1; 1 proved and 1 missed of 2 windows of 10m; 98\.\d KiB bafk/)
})
