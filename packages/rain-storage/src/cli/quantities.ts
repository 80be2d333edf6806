/** Sizes, times and sums as people write them. */
import { StorageError } from '../errors.ts'

const SIZES: ReadonlyMap<string, bigint> = new Map([
  ['', 1n],
  ['B', 1n],
  ...['k', 'M', 'G', 'T', 'P'].flatMap((letter, i): [string, bigint][] => [
    [`${letter}B`, 1000n ** BigInt(i + 1)],
    [`${letter === 'k' ? 'K' : letter}iB`, 1024n ** BigInt(i + 1)],
  ]),
])
const TIMES: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3_600],
  ['d', 86_400],
  ['y', 365 * 86_400],
])
/** Digits behind the point that sizes may have. */
const SIZE_DIGITS = 9

/** Bytes of `100GB`, `1.5TiB` or `4096`, rounded down. @throws StorageError `STORAGE_INVALID_ARGUMENT` */
export function bytesOfSize(flag: string, text: string): bigint {
  const [, number, unit] = /^([\d.]+)\s*([A-Za-z]*)$/.exec(text.trim()) ?? []
  const factor = SIZES.get(unit ?? '')
  const scaled = number === undefined ? undefined : scaledOf(number, SIZE_DIGITS)
  if (scaled === undefined || factor === undefined)
    throw invalid(`--${flag} takes a size such as 100GB, 1.5TiB or 4096, not "${text}"`, { flag })
  return (scaled * factor) / 10n ** BigInt(SIZE_DIGITS)
}

/** Seconds of `90s`, `10m`, `12h`, `30d` or `1y` (365 days). @throws StorageError `STORAGE_INVALID_ARGUMENT` */
export function secondsOf(flag: string, text: string): number {
  const [, number, unit] = /^(\d+)\s*([smhdy])$/.exec(text.trim()) ?? []
  const seconds = Number(number) * (TIMES.get(unit ?? '') ?? Number.NaN)
  if (!Number.isSafeInteger(seconds))
    throw invalid(`--${flag} takes a time such as 90s, 10m, 12h, 30d or 1y, not "${text}"`, { flag })
  return seconds
}

/** Units of a sum with a point, such as `0.25`. @throws StorageError `STORAGE_INVALID_ARGUMENT`, also for more digits than there are units */
export function unitsOf(flag: string, text: string, decimals: number): bigint {
  const units = scaledOf(text.trim(), decimals)
  if (units === undefined)
    throw invalid(
      `--${flag} takes a sum such as 0.25, with at most ${decimals} digits behind the point, not "${text}"`,
      {
        flag,
      },
    )
  return units
}

/** A sum with a point, all its digits and no more. */
export function formatUnits(units: bigint, decimals: number): string {
  const digits = units.toString().padStart(decimals + 1, '0')
  const fraction = decimals === 0 ? '' : digits.slice(-decimals).replace(/0+$/, '')
  const whole = decimals === 0 ? digits : digits.slice(0, -decimals)
  return fraction === '' ? whole : `${whole}.${fraction}`
}

/** The largest unit that gives a whole number: `30d`, `12h`, `90s`. */
export function formatSeconds(seconds: number): string {
  for (const [unit, factor] of [...TIMES].reverse())
    if (seconds >= factor && seconds % factor === 0) return `${seconds / factor}${unit}`
  return `${seconds}s`
}

/** A size in units of 1,024, which prices are for: `931.3 GiB`. */
export function formatSize(bytes: bigint): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let value = Number(bytes)
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : Number(value.toFixed(1))} ${units[unit]}`
}

/** A decimal number times 10^digits, if that is whole. */
function scaledOf(text: string, digits: number): bigint | undefined {
  const [, whole, fraction = ''] = /^(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  if (whole === undefined || fraction.replace(/0+$/, '').length > digits) return undefined
  return BigInt(whole + fraction.slice(0, digits).padEnd(digits, '0'))
}

function invalid(message: string, context: Record<string, unknown>): StorageError {
  return new StorageError('STORAGE_INVALID_ARGUMENT', message, context)
}
