/** The body of a `bet` message: the id of the leader unit that the unit votes for, and, if it is not the whole bond, 16 bytes of wei. */
import { bytesToHex, hexToBytes, type Message, MessageKind, type Unit, type UnitId } from '@zos/dag'

const VERSION = 1
const ID_BYTES = 32
const AMOUNT_BYTES = 16

export interface CarriedBet {
  readonly on: UnitId
  /** Wei; absent: the whole bond. */
  readonly amount?: bigint
}

export function betMessage({ on, amount }: CarriedBet): Message {
  const body = new Uint8Array(ID_BYTES + (amount === undefined ? 0 : AMOUNT_BYTES))
  body.set(hexToBytes(on))
  if (amount !== undefined) body.set(hexToBytes(`0x${amount.toString(16).padStart(2 * AMOUNT_BYTES, '0')}`), ID_BYTES)
  return { kind: MessageKind.bet, version: VERSION, body }
}

/** The bet that `unit` carries, if the leader unit is among its parents. The first bet message counts. */
export function betOf(unit: Unit): CarriedBet | undefined {
  const body = unit.messages.find(({ kind, version }) => kind === MessageKind.bet && version === VERSION)?.body
  if (!body || (body.length !== ID_BYTES && body.length !== ID_BYTES + AMOUNT_BYTES)) return undefined
  const on = bytesToHex(body.subarray(0, ID_BYTES)) as UnitId
  if (!unit.header.parents.includes(on)) return undefined
  return body.length === ID_BYTES ? { on } : { on, amount: BigInt(bytesToHex(body.subarray(ID_BYTES))) }
}
