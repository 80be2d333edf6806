/** The worker's side of a light node (`@zos/node/light-worker`). Loading it in a worker makes it wait for a page's `start`. */
import { type LightCore, startCore } from './core.ts'
import type { FromWorker, SentError, ToWorker } from './messages.ts'
import { indexedDbStorage } from './storage.ts'

interface WorkerRealm {
  postMessage(message: FromWorker): void
  addEventListener(event: 'message', listener: (event: { data: ToWorker }) => void): void
}

const realm = globalThis as unknown as WorkerRealm
let core: LightCore | undefined

async function handle(message: ToWorker): Promise<void> {
  if (message.type === 'start') {
    try {
      core = await startCore({
        ...message,
        storage: indexedDbStorage(),
        now: () => Date.now(),
        onStatus: (status) => realm.postMessage({ type: 'status', status }),
      })
      realm.postMessage({ type: 'status', status: core.status() })
      realm.postMessage({ type: 'started' })
    } catch (error) {
      realm.postMessage({ type: 'started', error: sendable(error) })
    }
  } else if (message.type === 'request') {
    const { id, method, params } = message
    try {
      realm.postMessage({ type: 'answer', id, result: await core!.request(method, params) })
    } catch (error) {
      realm.postMessage({ type: 'answer', id, error: sendable(error) })
    }
  } else {
    await core?.close()
    realm.postMessage({ type: 'closed' })
  }
}

function sendable(error: unknown): SentError {
  const { name, message, code, lightCode, context, data } = error as Record<string, unknown>
  return {
    name: String(name),
    message: String(message),
    code: typeof code === 'number' ? code : -32603,
    ...(data === undefined ? {} : { data }),
    ...(typeof lightCode === 'string' ? { lightCode, context: JSON.parse(JSON.stringify(context ?? {})) } : {}),
  }
}

realm.addEventListener('message', ({ data }) => void handle(data))
