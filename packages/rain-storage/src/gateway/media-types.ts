/** Types of files, by name or, without one, by their first bytes. */

/** By the end of the name; anything else is bytes, which `nosniff` keeps from being guessed. */
const BY_NAME: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  gif: 'image/gif',
  htm: 'text/html; charset=utf-8',
  html: 'text/html; charset=utf-8',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  md: 'text/markdown; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  pdf: 'application/pdf',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  wasm: 'application/wasm',
  webm: 'video/webm',
  webp: 'image/webp',
  xml: 'application/xml',
}
const BYTES = 'application/octet-stream'
/** Bytes that are looked at. */
export const SNIFFED_BYTES = 4096

/** The type that a name tells; `undefined` when it tells none. */
export function typeOfName(name: string): string | undefined {
  return BY_NAME[name.slice(name.lastIndexOf('.') + 1).toLowerCase()]
}

/** The type of content without a name, from its beginning: pictures, JSON, text. Never HTML or scripts: what runs must be named so. */
export function typeOfBytes(start: Uint8Array, whole: boolean): string {
  const begins = (...bytes: number[]) => bytes.every((byte, i) => start[i] === byte)
  if (begins(0x89, 0x50, 0x4e, 0x47)) return 'image/png'
  if (begins(0xff, 0xd8, 0xff)) return 'image/jpeg'
  if (begins(0x47, 0x49, 0x46, 0x38)) return 'image/gif'
  if (begins(0x25, 0x50, 0x44, 0x46)) return 'application/pdf'
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(start, { stream: !whole })
  } catch {
    return BYTES
  }
  if (hasControls(start)) return BYTES
  if (whole && /^\s*[[{]/.test(text)) {
    try {
      JSON.parse(text)
      return 'application/json'
    } catch {
      return 'text/plain; charset=utf-8'
    }
  }
  return 'text/plain; charset=utf-8'
}

/** Control characters that text does not have: below space, other than tab, line ends and form feed. */
function hasControls(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte < 9 || (byte > 13 && byte < 32))
}
