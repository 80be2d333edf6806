/** A thread that runs the compiler. It waits for imported files, because solc asks for them and does not wait for promises. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { loadSolc } from './solc.ts'

/** What a thread is started with. */
export interface WorkerData {
  /** Path of the compiler's package. */
  readonly solc: string
  /** For imports: paths go out, answers come in. */
  readonly imports: MessagePort
  /** One word that turns 1 when an answer is there. */
  readonly answered: Int32Array
}

/** What a thread is asked: to compile `input`, or its compiler's version. */
export type WorkerRequest = { readonly input: string } | { readonly version: true }

const { solc: path, imports, answered } = workerData as WorkerData
const solc = loadSolc(path)

parentPort!.on('message', (request: WorkerRequest) => {
  parentPort!.postMessage('version' in request ? solc.version() : solc.compile(request.input, { import: ask }))
})

function ask(wanted: string): { contents: string } | { error: string } {
  imports.postMessage(wanted)
  Atomics.wait(answered, 0, 0)
  Atomics.store(answered, 0, 0)
  return receiveMessageOnPort(imports)!.message
}
