/** A progress bar on a terminal; nothing where the output is not one. */

/** Shows `done` of `total` bytes; `end` clears the line. */
export interface Progress {
  update(done: number): void
  end(): void
}

const WIDTH = 30
/** Redraws at most every 100 ms. */
const EVERY_MS = 100

/** Starts a bar. Without `total` it shows bytes only. */
export function startProgress(
  label: string,
  total: number | undefined,
  stream: NodeJS.WriteStream = process.stderr,
): Progress {
  if (!stream.isTTY) return { update: () => undefined, end: () => undefined }
  const started = Date.now()
  let drawn = 0
  return {
    update(done) {
      const now = Date.now()
      if (now - drawn < EVERY_MS) return
      drawn = now
      const share = total === undefined || total === 0 ? 0 : Math.min(1, done / total)
      const bar =
        total === undefined
          ? ''
          : `[${'='.repeat(Math.round(share * WIDTH)).padEnd(WIDTH)}] ${Math.round(share * 100)} % `
      stream.write(
        `\r${label} ${bar}${formatBytes(done)} ${formatBytes((done / Math.max(1, now - started)) * 1000)}/s\x1b[K`,
      )
    },
    end: () => void stream.write('\r\x1b[K'),
  }
}

/** Bytes for people: `12.3 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}
