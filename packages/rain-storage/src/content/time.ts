/** Times as text (RFC 3339 and HTTP). Pure: no clock is read here. */

/** Milliseconds since 1970; NaN when `text` is not a time. */
export function parseTime(text: string): number {
  // biome-ignore lint/style/noRestrictedGlobals: reads a text, not the clock
  return Date.parse(text)
}

/** `2026-08-01T12:00:00.000Z` */
export function formatTime(ms: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: writes a given time, does not read the clock
  return new Date(ms).toISOString()
}

/** `Sat, 01 Aug 2026 12:00:00 GMT`, as HTTP has it (RFC 9110 §5.6.7) */
export function formatHttpTime(ms: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: writes a given time, does not read the clock
  return new Date(ms).toUTCString()
}
