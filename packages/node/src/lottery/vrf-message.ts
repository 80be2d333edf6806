/** The body of a `vrf` message: term, 8 bytes little-endian, ‖ the proof of the author's VRF output for it (80 bytes, RFC 9381). */
import { type Message, MessageKind, type Unit } from '@zos/dag'

const VERSION = 1
const TERM_BYTES = 8
const PROOF_BYTES = 80

export interface VrfProof {
  readonly term: number
  readonly proof: Uint8Array
}

export function vrfMessage({ term, proof }: VrfProof): Message {
  const body = new Uint8Array(TERM_BYTES + PROOF_BYTES)
  new DataView(body.buffer).setBigUint64(0, BigInt(term), true)
  body.set(proof, TERM_BYTES)
  return { kind: MessageKind.vrf, version: VERSION, body }
}

/** The proof that `unit` carries: its first `vrf` message counts. */
export function vrfProofOf(unit: Unit): VrfProof | undefined {
  const body = unit.messages.find(({ kind, version }) => kind === MessageKind.vrf && version === VERSION)?.body
  if (body?.length !== TERM_BYTES + PROOF_BYTES) return undefined
  const term = new DataView(body.buffer, body.byteOffset, TERM_BYTES).getBigUint64(0, true)
  if (term > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  return { term: Number(term), proof: body.slice(TERM_BYTES) }
}
