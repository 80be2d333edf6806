/**
 * The guard's journal: one line of text a record, `<8 hex digits of BLAKE2b> <JSON>\n`. Text, because someone will have to
 * read it on a bad day. Records hold ASCII only.
 */
import { blake2b } from '@noble/hashes/blake2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { ZposError } from '../errors.ts'

function checksum(json: string): string {
  return bytesToHex(blake2b(utf8ToBytes(json), { dkLen: 4 }))
}

/** A record as it is appended. */
export function encodeRecord(record: unknown): Uint8Array {
  const json = JSON.stringify(record)
  return utf8ToBytes(`${checksum(json)} ${json}\n`)
}

/**
 * Reads a journal back. `clean` is the number of bytes up to the last whole record.
 *
 * A last line without its end is the trace of a crash in the middle of an append: that append never resolved, so nothing was
 * signed on it, and it is left out. Any other damage throws `ZPOS_JOURNAL_DOUBTFUL`.
 */
export function decodeJournal(bytes: Uint8Array): { records: unknown[]; clean: number } {
  const records: unknown[] = []
  let start = 0
  for (;;) {
    const end = bytes.indexOf(10, start)
    if (end < 0) return { records, clean: start }
    const line = String.fromCharCode(...bytes.subarray(start, end))
    const json = line.slice(9)
    if (line[8] !== ' ' || checksum(json) !== line.slice(0, 8)) {
      throw new ZposError(
        'ZPOS_JOURNAL_DOUBTFUL',
        `record ${records.length} of the signing journal (byte ${start}) is damaged: restore the journal, or import an interchange file into a new one`,
        { record: records.length, byte: start },
      )
    }
    records.push(JSON.parse(json))
    start = end + 1
  }
}
