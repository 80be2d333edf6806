/**
 * Never two signatures for one sequence. Before a signer reveals anything for a slot (a solo machine's sequence, a packet, a height)
 * it writes down which bytes it signs there, durably; the same bytes may be signed again, others never. A record that cannot be
 * read stops the signer: doubt is not permission.
 */
import { blake2b } from '@noble/hashes/blake2.js'
import { equal, toHex, utf8 } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'

/** An append-only file, or anything with its promises. */
export interface AppendLog {
  /** Everything that was ever appended, also what a crash cut short. */
  read(): Uint8Array
  /** Returns once the bytes would survive a crash. */
  append(bytes: Uint8Array): void
  /** Cuts a torn record off the end. */
  truncate(length: number): void
}

/**
 * A signer's record of what it may sign where; ask it before a share leaves the machine. One append that survives a
 * crash, 76 bytes, for each new slot.
 */
export interface SignOnceLog {
  /** Permits signing `message` in `slot`. Throws `HUB_SIGN_TWICE` when other bytes were permitted there before. */
  permit(slot: string, message: Uint8Array): void
  /** The BLAKE2b-256 digest of what was permitted in `slot`; undefined when nothing was. */
  permitted(slot: string): Uint8Array | undefined
}

/** magic, slot digest, message digest, check */
const RECORD = 4 + 32 + 32 + 8
const MAGIC = utf8('ZSO1')

const digest = (bytes: Uint8Array, length = 32) => blake2b(bytes, { dkLen: length })

/** Opens a log. A torn last record was never acted upon and is cut off; any other damage throws `HUB_STORE_DAMAGED`. */
export function openSignOnceLog(log: AppendLog): SignOnceLog {
  const slots = new Map<string, Uint8Array>()
  const bytes = log.read()
  let end = 0
  for (; end + RECORD <= bytes.length; end += RECORD) {
    const record = bytes.subarray(end, end + RECORD)
    const sound = equal(record.subarray(0, 4), MAGIC) && equal(record.subarray(68), digest(record.subarray(0, 68), 8))
    if (!sound)
      throw new HubError('HUB_STORE_DAMAGED', 'a record of the sign-once log is damaged; do not sign', { offset: end })
    const slot = toHex(record.subarray(4, 36))
    const known = slots.get(slot)
    if (known && !equal(known, record.subarray(36, 68))) {
      throw new HubError('HUB_STORE_DAMAGED', 'the sign-once log permits two messages in one slot; do not sign', {
        offset: end,
      })
    }
    slots.set(slot, record.slice(36, 68))
  }
  if (end < bytes.length) log.truncate(end)
  return {
    permit(slot, message) {
      const name = digest(utf8(slot))
      const wanted = digest(message)
      const known = slots.get(toHex(name))
      if (known) {
        if (equal(known, wanted)) return
        throw new HubError('HUB_SIGN_TWICE', 'another message is signed in this slot already', { slot })
      }
      const record = new Uint8Array(RECORD)
      record.set(MAGIC)
      record.set(name, 4)
      record.set(wanted, 36)
      record.set(digest(record.subarray(0, 68), 8), 68)
      log.append(record)
      slots.set(toHex(name), wanted)
    },
    permitted: (slot) => slots.get(toHex(digest(utf8(slot)))),
  }
}
