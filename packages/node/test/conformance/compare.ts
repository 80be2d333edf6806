/**
 * What differs between an answer and the published one, first difference first; undefined: nothing. An error has to have the published
 * code, and the data of a revert; its words are the client's own. With `formOnly` hex stands for any hex of its kind, a number for any
 * number, and the elements of a list for their like.
 */
export function difference(ours: any, published: any, formOnly: boolean): string | undefined {
  if ('error' in published) {
    if (!('error' in ours)) return `an answer where error ${published.error.code} was published`
    if (ours.error.code !== published.error.code)
      return `error ${ours.error.code} (${ours.error.message}) where ${published.error.code} (${published.error.message}) was published`
    return published.error.code === 3 ? compare(ours.error.data, published.error.data, false, 'error.data') : undefined
  }
  if ('error' in ours) return `error ${ours.error.code}: ${ours.error.message}`
  return compare(ours.result, published.result, formOnly, 'result')
}

/** What an answer may have or not have by the specification: a trace's optional columns, a capability's window. */
const OPTIONAL = new Set(['deleteStrategy', 'memory', 'storage', 'refund', 'returnData', 'error'])

function compare(ours: unknown, published: unknown, formOnly: boolean, path: string): string | undefined {
  if (Array.isArray(published)) {
    if (!Array.isArray(ours)) return `${path}: no list`
    if (formOnly) {
      // Every element of ours has to be like one of theirs.
      for (const [index, one] of ours.entries()) {
        const tries = published.map((other) => compare(one, other, true, `${path}[${index}]`))
        if (tries.length > 0 && tries.every((miss) => miss !== undefined)) return tries[0]
      }
      return undefined
    }
    if (ours.length !== published.length) return `${path}: ${ours.length} elements, published ${published.length}`
    for (const [index, one] of published.entries()) {
      const miss = compare(ours[index], one, false, `${path}[${index}]`)
      if (miss) return miss
    }
    return undefined
  }
  if (typeof published === 'object' && published !== null) {
    if (typeof ours !== 'object' || ours === null || Array.isArray(ours)) return `${path}: no object`
    const mine = ours as Record<string, unknown>
    const theirs = published as Record<string, unknown>
    if (formOnly && isKeyedByHex(theirs)) return compare(Object.values(mine), Object.values(theirs), true, path)
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
      if (formOnly && OPTIONAL.has(key) && !(key in mine && key in theirs)) continue
      if (!(key in mine)) return `${path}.${key} is missing`
      if (!(key in theirs)) return `${path}.${key} was not published`
      const miss = compare(mine[key], theirs[key], formOnly, `${path}.${key}`)
      if (miss) return miss
    }
    return undefined
  }
  if (formOnly ? form(ours) === form(published) : ours === published) return undefined
  return `${path}: ${JSON.stringify(ours)?.slice(0, 200)}, published ${JSON.stringify(published)?.slice(0, 200)}`
}

/** Maps of addresses, slots or nonces: their keys are content. */
function isKeyedByHex(value: Record<string, unknown>): boolean {
  const keys = Object.keys(value)
  return keys.length > 0 && keys.every((key) => /^(0x)?[0-9a-fA-F]+$/.test(key))
}

function form(value: unknown): string {
  if (typeof value !== 'string') return value === null ? 'null' : typeof value
  if (!value.startsWith('0x')) return 'text'
  if (/^0x[0-9a-fA-F]{64}$/.test(value)) return '32 bytes'
  if (/^0x[0-9a-fA-F]{40}$/.test(value)) return 'address'
  if (/^0x(0|[1-9a-f][0-9a-f]{0,31})$/.test(value)) return 'quantity'
  return /^0x([0-9a-fA-F]{2})*$/.test(value) ? 'data' : 'malformed hex'
}
