/**
 * A file of units and commits: frames of a kind byte, a big-endian 32-bit length and the bytes. Kind `u` (0x75) is a unit as
 * `encodeUnit` writes it, kind `c` (0x63) the 32-byte id of a committed leader. Written by nodes that export, read by `zos-dag`.
 */
import { DagError } from '../errors.ts'
import { bytesToHex, hexToBytes, type UnitId } from '../unit/id.ts'
import { decodeUnit, encodeUnit, type Unit, type UnitOptions } from '../unit/unit.ts'

const UNIT = 0x75
const COMMIT = 0x63

/** One entry of a log. */
export type LogEntry = { readonly unit: Unit } | { readonly commit: UnitId }

/** The bytes of one entry; entries are simply written one after the other. */
export function encodeLogEntry(entry: LogEntry): Uint8Array {
  const [kind, body] = 'unit' in entry ? [UNIT, encodeUnit(entry.unit)] : [COMMIT, hexToBytes(entry.commit)]
  const frame = new Uint8Array(5 + body.length)
  frame[0] = kind
  new DataView(frame.buffer).setUint32(1, body.length)
  frame.set(body, 5)
  return frame
}

/** Reads a log. Throws `DAG_ENCODING` with the offset for anything else; a cut last frame is an error, too. */
export function* decodeLog(bytes: Uint8Array, options: UnitOptions = {}): Generator<LogEntry, void, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at]
    const length = at + 5 <= bytes.length ? view.getUint32(at + 1) : Number.NaN
    const end = at + 5 + length
    if ((kind !== UNIT && kind !== COMMIT) || !(end <= bytes.length) || (kind === COMMIT && length !== 32)) {
      throw new DagError('DAG_ENCODING', `not an entry of a unit log at byte ${at}`, { offset: at })
    }
    const body = bytes.slice(at + 5, end)
    yield kind === UNIT ? { unit: decodeUnit(body, options) } : { commit: bytesToHex(body) as UnitId }
    at = end
  }
}
