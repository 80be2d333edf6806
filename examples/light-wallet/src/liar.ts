/** A node that lies: it passes on what an honest one says, but adds a million coins to every balance, and bends the proof. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const MILLION_COINS = 10n ** 24n

export async function startLiar(honest: string): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(async (request, response) => {
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-allow-headers', 'content-type')
    if (request.method === 'OPTIONS') return response.end()
    try {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part as Buffer)
      const answer = await fetch(honest, { method: 'POST', body: Buffer.concat(parts) })
      response.end(JSON.stringify(await answer.json(), embellish))
    } catch {
      response.destroy()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  }
}

function embellish(name: string, value: unknown): unknown {
  if (name === 'balance') return `0x${(BigInt(value as string) + MILLION_COINS).toString(16)}`
  if (name === 'accountProof') return (value as string[]).map((node) => node.replace(/..$/, '77'))
  return value
}
