/** The generator: so many calls at a time over connections that stay open, each connection one call after the other. */
import { Agent, request } from 'node:http'

/** What the calls ask for; the same content on every peer. */
export interface Content {
  accounts: string[]
  token: string
  /** Blocks that the calls are about; the first ones have transfers of the token. */
  firstBlock: number
  lastBlock: number
  /** Of the token in these blocks. */
  logs: number
  /** Of each account, in hex of 32 bytes. */
  tokenBalance: string
}

export interface Load extends Content {
  url: string
  parallel: number
  calls: number
}

export interface LoadResult {
  callsPerSecond: number
  /** Median time of a call by method, microseconds. */
  p50Us: Record<string, number>
}

interface Call {
  method: string
  params: unknown[]
  isRight: (result: any) => boolean
}

export async function runLoad(load: Load): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.parallel })
  const times: Record<string, number[]> = {}
  let next = 0
  const lane = async () => {
    for (let index = next++; index < load.calls; index = next++) {
      const { method, params, isRight } = callOf(index, load)
      const started = performance.now()
      const answer = await post(agent, load.url, JSON.stringify({ jsonrpc: '2.0', id: index, method, params }))
      const took = performance.now() - started
      times[method] ??= []
      times[method].push(took * 1_000)
      const { id, result, error } = JSON.parse(answer)
      if (error || id !== index || !isRight(result)) throw new Error(`${load.url} ${method}: ${answer.slice(0, 300)}`)
    }
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: load.parallel }, lane))
  const seconds = (performance.now() - started) / 1_000
  agent.destroy()
  const p50 = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!
  return {
    callsPerSecond: load.calls / seconds,
    p50Us: Object.fromEntries(Object.entries(times).map(([method, values]) => [method, p50(values)])),
  }
}

function callOf(index: number, load: Load): Call {
  const turn = Math.floor(index / 5)
  const account = load.accounts[turn % load.accounts.length]!
  const hex = (number: number) => `0x${number.toString(16)}`
  switch (index % 5) {
    case 0:
      return { method: 'eth_blockNumber', params: [], isRight: (result) => Number(result) >= load.lastBlock }
    case 1:
      return { method: 'eth_getBalance', params: [account, 'latest'], isRight: (result) => BigInt(result) > 0n }
    case 2: {
      const data = `0x70a08231${account.slice(2).toLowerCase().padStart(64, '0')}`
      const isRight = (result: string) => result === load.tokenBalance
      return { method: 'eth_call', params: [{ to: load.token, data }, 'latest'], isRight }
    }
    case 3: {
      const number = hex(load.firstBlock + (turn % (load.lastBlock - load.firstBlock + 1)))
      return { method: 'eth_getBlockByNumber', params: [number, false], isRight: (result) => result.number === number }
    }
    default: {
      const filter = { address: load.token, fromBlock: hex(load.firstBlock), toBlock: hex(load.lastBlock) }
      return { method: 'eth_getLogs', params: [filter], isRight: (result) => result.length === load.logs }
    }
  }
}

function post(agent: Agent, url: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const call = request(url, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks).toString()))
    })
    call.on('error', reject)
    call.end(body)
  })
}
