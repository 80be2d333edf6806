/** JSON-RPC to the node that served the page. Calls of one turn travel as one batch. */

/** An error that the node answered, or that it could not be reached. */
export class RpcFailure extends Error {
  override readonly name = 'RpcFailure'
}

interface Waiting {
  body: { jsonrpc: '2.0'; id: number; method: string; params: unknown[] }
  resolve: (result: never) => void
  reject: (error: RpcFailure) => void
}

let nextId = 0
let queue: Waiting[] = []

export function call<T>(method: string, ...params: unknown[]): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (queue.length === 0) queueMicrotask(sendQueue)
    queue.push({ body: { jsonrpc: '2.0', id: ++nextId, method, params }, resolve, reject })
  })
}

async function sendQueue(): Promise<void> {
  const batch = queue
  queue = []
  try {
    const response = await fetch('/', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(batch.map(({ body }) => body)),
    })
    if (!response.ok) throw new Error(`HTTP ${response.status}`)
    const answers = new Map<number, { result?: unknown; error?: { message: string } }>()
    for (const answer of await response.json()) answers.set(answer.id, answer)
    for (const { body, resolve, reject } of batch) {
      const answer = answers.get(body.id)
      if (answer && 'result' in answer) resolve(answer.result as never)
      else reject(new RpcFailure(answer?.error?.message ?? `no answer to ${body.method}`))
    }
  } catch (error) {
    for (const { reject } of batch) reject(new RpcFailure(`The node does not answer (${(error as Error).message}).`))
  }
}

export type LinkState = 'live' | 'polling' | 'offline'

/** Heads come at most this often, however fast blocks are. */
const HEAD_INTERVAL_MS = 250
const POLL_INTERVAL_MS = 1_000
const RECONNECT_MS = 5_000

const listeners = new Set<(block: number) => void>()
let head = -1
let told = -1
let timer: ReturnType<typeof setTimeout> | undefined

function takeHead(number: number): void {
  head = Math.max(head, number)
  if (timer !== undefined) return
  timer = setTimeout(() => {
    timer = undefined
    if (head === told) return
    told = head
    for (const listener of listeners) listener(head)
  }, HEAD_INTERVAL_MS)
}

/** Calls `listener` with the number of the newest block when there is one, until `signal` aborts. */
export function onHead(listener: (block: number) => void, signal: AbortSignal): void {
  listeners.add(listener)
  signal.addEventListener('abort', () => listeners.delete(listener))
}

/** Follows new heads over WebSocket; polls while there is none. */
export function followHeads(onState: (state: LinkState) => void): void {
  let polling: ReturnType<typeof setInterval> | undefined
  const poll = () =>
    call<string>('eth_blockNumber').then(
      (number) => {
        onState('polling')
        takeHead(Number(number))
      },
      () => onState('offline'),
    )
  const connect = () => {
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/`)
    socket.onopen = () => {
      clearInterval(polling)
      polling = undefined
      onState('live')
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newHeads'] }))
    }
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data)
      if (message.method === 'eth_subscription') takeHead(Number(message.params.result.number))
    }
    socket.onclose = () => {
      polling ??= setInterval(poll, POLL_INTERVAL_MS)
      setTimeout(connect, RECONNECT_MS)
    }
  }
  connect()
}
