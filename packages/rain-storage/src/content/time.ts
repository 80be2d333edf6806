/** Times as text (RFC 3339). Pure: no clock is read here. */

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
