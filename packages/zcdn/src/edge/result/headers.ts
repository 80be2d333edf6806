/** Headers of `POST /edge/<cid>`, of the request and of the answer. */
export const EDGE_HEADERS = {
  fuelLimit: 'zos-fuel-limit',
  deadlineMs: 'zos-deadline-ms',
  /** CIDs of content that the function will read, separated by commas. */
  reads: 'zos-reads',
  nowMs: 'zos-now-ms',
  seed: 'zos-seed',
  fuel: 'zos-fuel',
  status: 'zos-status',
  exitCode: 'zos-exit-code',
  /** Signature and record in base64url. */
  result: 'zos-result',
} as const

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** `undefined` for anything that is not hexadecimal. */
export function fromHex(text: string): Uint8Array | undefined {
  if (!/^([0-9a-fA-F]{2})*$/.test(text)) return undefined
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

export function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** Empty for anything that is not base64url. */
export function fromBase64Url(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
  } catch {
    return new Uint8Array(0)
  }
}
