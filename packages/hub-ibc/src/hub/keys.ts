import { utf8 } from '../encoding/bytes.ts'

/** Keys of one store at most; the bound only keeps a zone that invents assets from filling the memory. */
const MAX_REMEMBERED = 10_000

/**
 * The bytes of a store's keys, remembered by what they are for: a packet asks the books for some thirty, always the same. `a` and `b` are what the key names,
 * such as a route and an asset; `text` puts the key together.
 */
export function rememberedKeys(text: (a: string, b: string) => string): (a: string, b?: string) => Uint8Array {
  const known = new Map<string, Map<string, Uint8Array>>()
  let count = 0
  return (a, b = '') => {
    let inner = known.get(a)
    const found = inner?.get(b)
    if (found) return found
    if (count >= MAX_REMEMBERED) {
      known.clear()
      count = 0
      inner = undefined
    }
    if (!inner) {
      inner = new Map()
      known.set(a, inner)
    }
    const key = utf8(text(a, b))
    inner.set(b, key)
    count++
    return key
  }
}
