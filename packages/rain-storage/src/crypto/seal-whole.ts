import { concat } from '../content/bytes.ts'
import type { MaybePromise, Sealing } from './port.ts'

const NOTHING = new Uint8Array(0)

/** A {@link Sealing} for libraries that take the plaintext whole: it is kept until the end. */
export function sealWhole(seal: (plaintext: Uint8Array) => MaybePromise<Uint8Array>): Sealing {
  const parts: Uint8Array[] = [NOTHING]
  return {
    push(bytes) {
      parts.push(bytes.slice())
      return NOTHING
    },
    end: () => seal(concat(parts)),
  }
}
