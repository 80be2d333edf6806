/** Byte ranges of HTTP (RFC 9110 §14) and of the trustless gateway's `entity-bytes`. */

/** A range inside a known size; `end` exclusive. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** What a `Range` header asks of `size` bytes: nothing usable, one range, or a range that cannot be. Of several ranges the first is answered. */
export function parseRange(header: string | null, size: number): ByteRange | 'none' | 'unsatisfiable' {
  const match = /^bytes=\s*(\d*)-(\d*)\s*(?:,.*)?$/.exec(header?.trim() ?? '')
  if (match === null || (match[1] === '' && match[2] === '')) return 'none'
  if (match[1] === '') {
    const length = Math.min(size, Number(match[2]))
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size }
  }
  const start = Number(match[1])
  const last = match[2] === '' ? Number.POSITIVE_INFINITY : Number(match[2])
  if (last < start) return 'none'
  return start >= size ? 'unsatisfiable' : { start, end: Math.min(size, last + 1) }
}

/** `entity-bytes=from:to`, both inclusive, negative from the end, `*` for the end; `undefined` when it is not one. */
export function parseEntityBytes(text: string): ((size: number) => ByteRange) | undefined {
  const match = /^(-?\d+):(\*|-?\d+)$/.exec(text)
  if (match === null) return undefined
  const from = Number(match[1])
  const to = match[2] === '*' ? undefined : Number(match[2])
  return (size) => {
    const start = from < 0 ? Math.max(0, size + from) : from
    const last = to === undefined ? size - 1 : to < 0 ? size + to : to
    return { start, end: Math.max(start, Math.min(size, last + 1)) }
  }
}
