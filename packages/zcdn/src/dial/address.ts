/** 4 or 6: the version of the Internet Protocol. */
export type Family = 4 | 6

/** A place that can be connected to. */
export interface Address {
  ip: string
  family: Family
}

/** The part of an address that shares its fate: a /24 of IPv4, a /48 of IPv6. */
export function prefixOf({ ip, family }: Address): string {
  if (family === 4) return ip.split('.').slice(0, 3).join('.')
  const [head = '', tail] = ip.split('%')[0]!.split('::')
  const groups = head ? head.split(':') : []
  if (tail !== undefined) {
    const end = tail ? tail.split(':') : []
    while (groups.length + end.length < 8) groups.push('0')
    groups.push(...end)
  }
  return groups
    .slice(0, 3)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}

/** Alternates the families, `first` leading, and keeps the order within each (RFC 8305 §4). */
export function interleave(addresses: readonly Address[], first: Family = 6): Address[] {
  const leading = addresses.filter((address) => address.family === first)
  const other = addresses.filter((address) => address.family !== first)
  const order: Address[] = []
  for (let i = 0; i < Math.max(leading.length, other.length); i++) {
    if (i < leading.length) order.push(leading[i]!)
    if (i < other.length) order.push(other[i]!)
  }
  return order
}
