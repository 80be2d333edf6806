import { MAX_FUEL } from '../metering/counter.ts'

/** Limits of one run that its result depends on: the same for every runner of profile 1. */
export const RUN_LIMITS = {
  inputBytes: 16 << 20,
  outputBytes: 16 << 20,
  /** Content that one run may read: so many CIDs, so many bytes together. */
  contents: 64,
  contentBytes: 64 << 20,
  cidBytes: 128,
  /** Largest fuel limit: about 7e13, an hour or so. */
  fuel: MAX_FUEL,
} as const

/** Lines and bytes of a line that `log` keeps; what is more is dropped, and nobody but the host sees the difference. */
export const LOG_LIMITS = { lines: 64, lineBytes: 1_024 } as const

/** Fuel of the host's work. */
export const HOST_FUEL = {
  /** One call out of the sandbox. */
  call: 256,
  /** One byte of input, output, content read or line logged: it is copied, and in the end hashed. */
  byte: 1,
  /** One byte of randomness: half a SHA2-256 compression for 32 of them. */
  randomByte: 16,
} as const
