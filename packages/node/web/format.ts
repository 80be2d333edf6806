const WEI_DIGITS = 18

/** `0x1234…cdef`. */
export function short(hex: string): string {
  return hex.length > 16 ? `${hex.slice(0, 8)}…${hex.slice(-6)}` : hex
}

export function count(value: number | string | bigint): string {
  return BigInt(value).toLocaleString('en')
}

/** Wei as coins, all digits that are not zero. */
export function coins(wei: string): string {
  const digits = BigInt(wei)
    .toString()
    .padStart(WEI_DIGITS + 1, '0')
  const whole = BigInt(digits.slice(0, -WEI_DIGITS)).toLocaleString('en')
  const fraction = digits.slice(-WEI_DIGITS).replace(/0+$/, '')
  return fraction ? `${whole}.${fraction}` : whole
}

/** Wei in gwei with at most three digits after the point. */
export function gwei(wei: string): string {
  return `${(Number(BigInt(wei)) / 1e9).toLocaleString('en', { maximumFractionDigits: 3 })} gwei`
}

export function age(timestampMs: number): string {
  const seconds = Math.max(0, Math.round((Date.now() - timestampMs) / 1000))
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`
  return seconds < 86_400 ? `${Math.floor(seconds / 3_600)} h ago` : `${Math.floor(seconds / 86_400)} d ago`
}

export function time(timestampMs: number): string {
  return `${new Date(timestampMs).toLocaleString()} (${age(timestampMs)})`
}

export function bytes(size: number): string {
  return size < 10_000 ? `${count(size)} bytes` : `${(size / 1e6).toFixed(size < 1e7 ? 2 : 0)} MB`
}
