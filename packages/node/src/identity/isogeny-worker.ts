/** SQIsign in a thread of its own, behind consensus: a signature takes some 60 ms, a verification 7, and consensus has no such time to spare. */
import { parentPort } from 'node:worker_threads'
import { classicalSecp256k1, hybridSigner } from '@zos/pq-isogeny/hybrid.js'
import { type NodeIdentity, signIdentity, verifyIdentity } from '@zos/pq-isogeny/identity.js'
import { sqisign1 } from '@zos/pq-isogeny/sqisign.js'
import { runInBackground } from '../threads/background.ts'

/** Identity records: secp256k1 and SQIsign over one representative, of which both must hold. */
const identityScheme = hybridSigner(classicalSecp256k1, sqisign1, 'zos/identity')

/** What the thread is asked. */
export type IsogenyRequest =
  | { readonly id: number; readonly op: 'sign'; readonly message: Uint8Array; readonly secretKey: Uint8Array }
  | {
      readonly id: number
      readonly op: 'signIdentity'
      readonly identity: NodeIdentity
      /** Classical, then isogeny: 302 bytes. */
      readonly secretKey: Uint8Array
    }
  | {
      readonly id: number
      readonly op: 'verifyIdentity'
      readonly record: Uint8Array
      readonly networkId: Uint8Array
      readonly nowSeconds: bigint
    }
  | {
      readonly id: number
      readonly op: 'verify'
      readonly signature: Uint8Array
      readonly message: Uint8Array
      readonly publicKey: Uint8Array
    }

/** What a valid record binds, or why a record is none. */
export type IdentityAnswer = { readonly publicKey: Uint8Array; readonly payload: Uint8Array } | string

export type IsogenyResult = Uint8Array | boolean | IdentityAnswer

export type IsogenyResponse =
  | { readonly id: number; readonly result: IsogenyResult }
  | { readonly id: number; readonly error: string }

function answer(request: IsogenyRequest): IsogenyResult {
  switch (request.op) {
    case 'sign':
      return sqisign1.sign(request.message, request.secretKey)
    case 'signIdentity':
      return signIdentity(identityScheme, request.identity, request.secretKey)
    case 'verifyIdentity': {
      const verdict = verifyIdentity(identityScheme, request.record, request.networkId, request.nowSeconds)
      return verdict.status === 'valid' ? verdict.identity : verdict.reason
    }
    case 'verify':
      return sqisign1.verify(request.signature, request.message, request.publicKey)
  }
}

runInBackground()
parentPort?.on('message', (request: IsogenyRequest) => {
  try {
    parentPort!.postMessage({ id: request.id, result: answer(request) } satisfies IsogenyResponse)
  } catch (error) {
    parentPort!.postMessage({ id: request.id, error: String(error) } satisfies IsogenyResponse)
  }
})
