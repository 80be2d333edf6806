/** The body of a `ticket` message: term ‖ nonce, 8 bytes little-endian each, ‖ the hash that it claims. The candidate is the unit's author. */
import { type Message, MessageKind, type Unit } from '@zos/dag'
import type { Ticket } from '@zos/zpos'

const VERSION = 1
const BODY_BYTES = 48

export function ticketMessage({ term, nonce, hash }: Ticket): Message {
  const body = new Uint8Array(BODY_BYTES)
  const view = new DataView(body.buffer)
  view.setBigUint64(0, BigInt(term), true)
  view.setBigUint64(8, nonce, true)
  body.set(hash, 16)
  return { kind: MessageKind.ticket, version: VERSION, body }
}

/** The ticket that `unit` carries: its first ticket message counts, so that a flood costs its sender a unit each. */
export function ticketOf(unit: Unit): Ticket | undefined {
  const message = unit.messages.find(({ kind, version }) => kind === MessageKind.ticket && version === VERSION)
  const candidate = unit.header.authors[0]
  if (!message || !candidate || message.body.length !== BODY_BYTES) return undefined
  const view = new DataView(message.body.buffer, message.body.byteOffset, BODY_BYTES)
  const term = view.getBigUint64(0, true)
  if (term > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  return { term: Number(term), candidate, nonce: view.getBigUint64(8, true), hash: message.body.slice(16) }
}
