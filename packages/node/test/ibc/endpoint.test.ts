import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { IbcMessage } from '@zos/hub-ibc'
import { afterEach, expect, test } from 'vitest'
import { createEndpoint } from '../../src/ibc/endpoint.ts'

const NEVER = Symbol('never')
let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** An endpoint of a node that answers so; what is an error is refused. */
async function endpointOf(answers: Record<string, unknown>) {
  const asked: string[] = []
  server = createServer(async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    const { id, method } = JSON.parse(body)
    asked.push(method)
    const answer = answers[method]
    if (answer === NEVER) return
    const outcome = answer instanceof Error ? { error: { code: -32000, message: answer.message } } : { result: answer }
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...outcome }))
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const endpoint = await createEndpoint({ url: `http://127.0.0.1:${port}`, privateKey: `0x${'01'.repeat(32)}` })
  return { endpoint, asked }
}

const NODE = {
  zos_ibcStatus: { chainId: 'zone-1', revision: 1, height: 5, time: '1' },
  eth_chainId: '0x1',
  eth_getTransactionCount: '0x0',
  eth_gasPrice: '0x1',
}
const update = (bytes: number): IbcMessage => ({
  typeUrl: '/ibc.core.client.v1.MsgUpdateClient',
  clientId: '07-tendermint-0',
  clientMessage: { typeUrl: '/x', value: new Uint8Array(bytes) },
  signer: 'relayer',
})

test('messages that are too much for a transaction are not sent, and a relayer is told so', async () => {
  const { endpoint, asked } = await endpointOf(NODE)
  await expect(endpoint.submit([update(100_000), update(100_000)])).rejects.toMatchObject({ code: 'HUB_SUBMISSION' })
  expect(asked).not.toContain('eth_sendRawTransaction')
})

test('so are messages that fail all together, in the estimate or in a block', async () => {
  const refusing = await endpointOf({
    ...NODE,
    eth_estimateGas: new Error('gas required exceeds allowance (16777216)'),
  })
  await expect(refusing.endpoint.submit([update(100)])).rejects.toMatchObject({
    code: 'HUB_SUBMISSION',
    message: expect.stringContaining('exceeds allowance'),
  })
  server!.close()
  const receipt = { status: '0x0', blockNumber: '0x5', logs: [] }
  const reverting = await endpointOf({
    ...NODE,
    eth_estimateGas: '0x5208',
    eth_sendRawTransaction: '0x00',
    eth_getTransactionReceipt: receipt,
  })
  await expect(reverting.endpoint.submit([update(100)])).rejects.toMatchObject({ code: 'HUB_SUBMISSION' })
})

test('a node that has trouble of another kind is asked again', async () => {
  const { endpoint } = await endpointOf({ ...NODE, eth_estimateGas: '0x5208', eth_gasPrice: new Error('not now') })
  await expect(endpoint.submit([update(100)])).rejects.toMatchObject({ code: 'HUB_RELAY' })
})

test('a call that a node never answers ends with the signal', async () => {
  const { endpoint, asked } = await endpointOf({ ...NODE, eth_getLogs: NEVER })
  const stop = new AbortController()
  const events = endpoint.events(1n, 2n, stop.signal)
  while (!asked.includes('eth_getLogs')) await new Promise((resolve) => setImmediate(resolve))
  stop.abort(new Error('enough'))
  await expect(events).rejects.toMatchObject({ code: 'HUB_ABORTED', cause: { message: 'enough' } })
})
