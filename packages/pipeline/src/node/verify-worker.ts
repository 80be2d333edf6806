// The module that verifying worker threads run.
import { type PackedSignatures, signatureChecker } from '../tpu/signatures.ts'
import { createVerifier } from '../verify/create-verifier.ts'
import { serveOnParentPort } from './worker.ts'

const check = signatureChecker(createVerifier())
serveOnParentPort((message) => {
  const reply = check(message as PackedSignatures)
  return { message: reply, transfer: [reply.native.buffer, reply.evm.buffer] }
})
