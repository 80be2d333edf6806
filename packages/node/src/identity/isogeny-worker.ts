/** SQIsign in a thread of its own: a signature takes some 60 ms, a verification 7, and consensus has no such time to spare. */
import { parentPort } from 'node:worker_threads'
import { sqisign1 } from '@zos/pq-isogeny/sqisign.js'

/** What the thread is asked. */
export type IsogenyRequest =
  | { readonly id: number; readonly op: 'sign'; readonly message: Uint8Array; readonly secretKey: Uint8Array }
  | {
      readonly id: number
      readonly op: 'verify'
      readonly signature: Uint8Array
      readonly message: Uint8Array
      readonly publicKey: Uint8Array
    }

export type IsogenyResponse =
  | { readonly id: number; readonly result: Uint8Array | boolean }
  | { readonly id: number; readonly error: string }

function answer(request: IsogenyRequest): Uint8Array | boolean {
  switch (request.op) {
    case 'sign':
      return sqisign1.sign(request.message, request.secretKey)
    case 'verify':
      return sqisign1.verify(request.signature, request.message, request.publicKey)
  }
}

parentPort?.on('message', (request: IsogenyRequest) => {
  try {
    parentPort!.postMessage({ id: request.id, result: answer(request) } satisfies IsogenyResponse)
  } catch (error) {
    parentPort!.postMessage({ id: request.id, error: String(error) } satisfies IsogenyResponse)
  }
})
