/** The measure of a network's load, against a chain of made-up blocks behind real HTTP. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createGasLoad } from '../../src/ibc/gas-load.ts'

const GAS_LIMIT = 1_000_000
/** Blocks by number: seconds and gas. */
const blocks: { timestamp: number; gasUsed: number }[] = []
const hex = (value: number) => `0x${value.toString(16)}`
const server = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  const { method, params } = JSON.parse(body)
  const newest = blocks.length - 1
  const answer = () => {
    if (method === 'eth_getBlockByNumber') {
      const number = params[0] === 'latest' ? newest : Number(params[0])
      return { number: hex(number), timestamp: hex(blocks[number]!.timestamp), gasLimit: hex(GAS_LIMIT) }
    }
    const [count, last] = params.map(Number)
    return { gasUsedRatio: blocks.slice(last - count + 1, last + 1).map(({ gasUsed }) => gasUsed / GAS_LIMIT) }
  }
  response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: answer() }))
})
let address = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())

const add = (count: number, seconds: number, gasUsed: number) => {
  for (let i = 0; i < count; i++) blocks.push({ timestamp: (blocks.at(-1)?.timestamp ?? 1000) + seconds, gasUsed })
}

test('gas a second in the blocks since it was last asked; nothing where no time has passed', async () => {
  const load = createGasLoad()
  add(1, 0, 0)
  expect(await load({ address })).toBeUndefined()
  add(10, 2, 30_000)
  expect(await load({ address })).toBeCloseTo(15_000)
  expect(await load({ address })).toBeUndefined()
  // Two blocks in one second are measured with the next.
  add(2, 0, 50_000)
  expect(await load({ address })).toBeUndefined()
  add(1, 4, 20_000)
  expect(await load({ address })).toBeCloseTo(30_000)
  // After a long time the newest 1,024 blocks speak.
  add(500, 1, 900_000)
  add(1_024, 1, 7_000)
  expect(await load({ address })).toBeCloseTo(7_000)
  await expect(load({ address: 'http://127.0.0.1:1' })).rejects.toMatchObject({ code: 'HUB_RELAY' })
})
