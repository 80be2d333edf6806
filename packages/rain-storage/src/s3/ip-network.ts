/** Networks of policies: addresses by their first bits (RFC 4632, RFC 4291 §2.3). */

/** A network: the bits of its address, of which the first `length` count. */
export interface Network {
  readonly bits: bigint
  readonly length: number
  /** of an address: 32 or 128 */
  readonly width: 32 | 128
}

/** The bits of an address, or `undefined`. An IPv4 address that is written as IPv6 is an IPv4 address. */
export function parseAddress(text: string): Pick<Network, 'bits' | 'width'> | undefined {
  if (!text.includes(':')) {
    const bits = parseIpv4(text)
    return bits === undefined ? undefined : { bits, width: 32 }
  }
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)
  if (mapped !== null) return parseAddress(mapped[1]!)
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')))
  const given = groups[0]!.length + (groups[1]?.length ?? 0)
  if (halves.length === 1 ? given !== 8 : given > 7) return undefined
  const zeros = Array.from({ length: 8 - given }, () => '0')
  const all = [...groups[0]!, ...zeros, ...(groups[1] ?? [])]
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return { bits: all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n), width: 128 }
}

function parseIpv4(text: string): bigint | undefined {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return undefined
  const bytes = text.split('.').map(Number)
  return bytes.some((byte) => byte > 255) ? undefined : bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

/** Reads `10.0.0.0/8`, or one address, or gives `undefined`. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', length, ...rest] = text.split('/')
  const parsed = parseAddress(address)
  if (parsed === undefined || rest.length > 0) return undefined
  if (length === undefined) return { ...parsed, length: parsed.width }
  if (!/^\d{1,3}$/.test(length) || Number(length) > parsed.width) return undefined
  return { ...parsed, length: Number(length) }
}

/** Whether an address is of a network. */
export function isInNetwork(address: string, { bits, length, width }: Network): boolean {
  const parsed = parseAddress(address)
  if (parsed?.width !== width) return false
  const rest = BigInt(width - length)
  return parsed.bits >> rest === bits >> rest
}
