// The module that verifying worker threads run. Its `workerData` are the options of the verifier.
import { workerData } from 'node:worker_threads'
import { type PackedSignatures, signatureChecker } from '../tpu/signatures.ts'
import { createVerifier, type VerifierOptions } from '../verify/create-verifier.ts'
import { serveOnParentPort } from './worker.ts'

const check = signatureChecker(createVerifier(workerData as VerifierOptions))
serveOnParentPort((message) => {
  const reply = check(message as PackedSignatures)
  return { message: reply, transfer: [reply.native.buffer, reply.evm.buffer] }
})
