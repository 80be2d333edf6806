import { Worker } from 'node:worker_threads'
import type { NodeIdentity } from '@zos/pq-isogeny/identity.js'
import { NodeError } from '../errors.ts'
import type { IdentityAnswer, IsogenyRequest, IsogenyResponse, IsogenyResult } from './isogeny-worker.ts'

/** SQIsign at level I, off the main thread. */
export interface Isogeny {
  /** 200 bytes. Rejects with `NODE_INVALID_ARGUMENT` for a secret key that is none. */
  sign(message: Uint8Array, secretKey: Uint8Array): Promise<Uint8Array>
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): Promise<boolean>
  /** An identity record under both keys (see `PeerIdentities`). */
  signIdentity(
    identity: NodeIdentity,
    keys: { readonly secretKey: Uint8Array; readonly isogenyKey: Uint8Array },
  ): Promise<Uint8Array>
  /** What a record binds: 33 bytes of secp256k1 key, 83 of SQIsign key, and its payload; or why it is none. */
  verifyIdentity(record: Uint8Array, networkId: Uint8Array, nowSeconds: bigint): Promise<IdentityAnswer>
  close(): Promise<void>
}

/** Checkpoints are rare: a thread with nothing to do is let go after this. */
const IDLE_MS = 60_000

type Question = IsogenyRequest extends infer R ? (R extends unknown ? Omit<R, 'id'> : never) : never

/** Makes the thread when it is first needed. */
export function createIsogeny(): Isogeny {
  let worker: Worker | undefined
  let idle: NodeJS.Timeout | undefined
  let nextId = 0
  let closed = false
  const waiting = new Map<number, { resolve(result: IsogenyResult): void; reject(error: unknown): void }>()

  const letGo = async () => {
    const old = worker
    worker = undefined
    clearTimeout(idle)
    for (const { reject } of waiting.values()) reject(new NodeError('NODE_STOPPED', 'the signing thread ended'))
    waiting.clear()
    await old?.terminate()
  }
  const thread = (): Worker => {
    if (worker) return worker
    const made = new Worker(
      new URL(import.meta.url.endsWith('.ts') ? './isogeny-worker.ts' : './isogeny-worker.js', import.meta.url),
    )
    made.on('message', (response: IsogenyResponse) => {
      const call = waiting.get(response.id)
      waiting.delete(response.id)
      if ('error' in response) call?.reject(new NodeError('NODE_INVALID_ARGUMENT', response.error))
      else call?.resolve(response.result)
      if (waiting.size > 0) return
      made.unref()
      idle = setTimeout(() => void letGo(), IDLE_MS)
      idle.unref()
    })
    const gone = () => {
      if (worker === made) void letGo()
    }
    made.on('error', gone)
    made.on('exit', gone)
    worker = made
    return made
  }
  const ask = (question: Question): Promise<IsogenyResult> => {
    if (closed) return Promise.reject(new NodeError('NODE_STOPPED', 'the node is stopping'))
    clearTimeout(idle)
    const id = nextId++
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject })
      const target = thread()
      target.ref()
      target.postMessage({ ...question, id })
    })
  }
  return {
    sign: (message, secretKey) => ask({ op: 'sign', message, secretKey }) as Promise<Uint8Array>,
    verify: (signature, message, publicKey) => ask({ op: 'verify', signature, message, publicKey }) as Promise<boolean>,
    signIdentity: (identity, { secretKey, isogenyKey }) =>
      ask({
        op: 'signIdentity',
        identity,
        secretKey: new Uint8Array([...secretKey, ...isogenyKey]),
      }) as Promise<Uint8Array>,
    verifyIdentity: (record, networkId, nowSeconds) =>
      ask({ op: 'verifyIdentity', record, networkId, nowSeconds }) as Promise<IdentityAnswer>,
    async close() {
      closed = true
      await letGo()
    },
  }
}
