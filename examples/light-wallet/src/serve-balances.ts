// A service that others ask for balances, and that has proved what it answers. Usage: node src/serve-balances.ts [NETWORK_FILE] [PORT]
import { createServer, type Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import { createLightNode, isLightError, type LightNode } from '@zos/node/light'
import { readNetwork } from './network.ts'

/** `GET /balance/ADDRESS`: the balance in wei, and the verified block at which it is so. */
export function balanceServer(node: LightNode): Server {
  return createServer(async (request, response) => {
    const answer = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    }
    const address = /^\/balance\/(0x[0-9a-fA-F]{40})$/.exec(request.url ?? '')?.[1]
    if (address === undefined) return answer(404, { error: 'GET /balance/ADDRESS' })
    const { head } = node.status
    if (head === undefined) return answer(503, { error: 'no block is verified yet' })
    try {
      const at = `0x${head.number.toString(16)}`
      const { value } = await node.getBalance(address, { at })
      answer(200, { address, wei: value.toString(), block: head.number, hash: head.hash })
    } catch (error) {
      if (!isLightError(error)) throw error
      answer(503, { error: error.message, code: error.lightCode })
    }
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { chain, validators } = readNetwork(process.argv[2] ?? 'network.json')
  const node = await createLightNode({ chain, sources: validators.map(({ rpcUrl }) => rpcUrl) })
  await node.ready()
  const port = Number(process.argv[3] ?? 8701)
  balanceServer(node).listen(port, '127.0.0.1', () => {
    console.log(`curl http://127.0.0.1:${port}/balance/0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266`)
  })
}
