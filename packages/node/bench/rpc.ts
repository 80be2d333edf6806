/**
 * Calls a second that a node answers over keep-alive HTTP: `zos devnet` with one validator beside `anvil`, each with the same token and the
 * same transfers, in turns on the same machine. The calls come from a process of their own (bench/rpc/load.ts), sixteen at a time, in
 * equal shares of eth_blockNumber, eth_getBalance, eth_call of an ERC-20's balanceOf, eth_getBlockByNumber and eth_getLogs; blocks and logs of
 * the same ten blocks, whose JSON our node keeps, while it executes every call. Answers are checked. `cpu-us`: processor time that the node
 * spends on one call, on all cores.
 */
import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { printMetric } from '../../../scripts/metric.ts'
import { type Load, type LoadResult, runLoad } from './rpc/load.ts'
import { prepare } from './rpc/prepare.ts'
import { anvil, type RpcServer, zos } from './rpc/servers.ts'

const quick = process.argv.includes('--quick')
const WARM_UP = quick ? 500 : 10_000
const CALLS = quick ? 1_500 : 30_000
/** In turns, so that what else the machine does hits both; the median counts. */
const ROUNDS = 3
const PARALLEL = 16

interface Measured extends LoadResult {
  /** Microseconds of processor time for one call; undefined where the system does not tell. */
  cpuUs: number | undefined
}

/** In another process: the generator's work must not count as the node's, nor slow this one's clock. */
function generate(load: Load): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), ['--generator'], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    let result: LoadResult | undefined
    child.on('message', (message) => {
      result = message as LoadResult
    })
    child.on('exit', (code) => (result ? resolve(result) : reject(new Error(`the generator ended with ${code}`))))
    child.send(load)
  })
}

async function measure(server: RpcServer, load: Load): Promise<Measured> {
  const before = server.cpuSeconds()
  const result = await generate(load)
  const after = server.cpuSeconds()
  const cpuUs = before === undefined || after === undefined ? undefined : ((after - before) * 1e6) / load.calls
  return { ...result, cpuUs }
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!

async function main(): Promise<void> {
  const servers = [await zos(), await anvil()]
  try {
    const loads: Load[] = []
    for (const server of servers)
      loads.push({ url: server.url, parallel: PARALLEL, calls: CALLS, ...(await prepare(server)) })
    for (const [index, load] of loads.entries()) await measure(servers[index]!, { ...load, calls: WARM_UP })
    const runs: Measured[][] = servers.map(() => [])
    for (let round = 0; round < ROUNDS; round++)
      for (const [index, load] of loads.entries()) runs[index]!.push(await measure(servers[index]!, load))
    const of = (index: number, pick: (run: Measured) => number | undefined) =>
      median(runs[index]!.map((run) => pick(run) ?? Number.NaN))
    print(
      'calls-s',
      'calls/s',
      of(0, (run) => run.callsPerSecond),
      of(1, (run) => run.callsPerSecond),
    )
    for (const method of Object.keys(runs[0]![0]!.p50Us))
      print(
        `${method}-p50`,
        'µs',
        of(0, (run) => run.p50Us[method]),
        of(1, (run) => run.p50Us[method]),
      )
    print(
      'cpu-us',
      'µs of processor time a call',
      of(0, (run) => run.cpuUs),
      of(1, (run) => run.cpuUs),
    )
  } finally {
    for (const server of servers) await server.stop()
  }
  console.error(`one validator, ${PARALLEL} connections, ${availableParallelism()} cores`)
}

function print(metric: string, unit: string, value: number, peerValue: number): void {
  const compared = !Number.isNaN(peerValue)
  printMetric({ bench: 'rpc', metric, value, unit, ...(compared && { peer: 'anvil', peerValue }) })
}

if (process.argv.includes('--generator'))
  process.once('message', (load: Load) => {
    runLoad(load).then((result) => process.send!(result, () => process.disconnect()))
  })
else await main()
