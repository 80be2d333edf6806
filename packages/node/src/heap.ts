import { setFlagsFromString } from 'node:v8'

/**
 * How far the engine lets the heap grow above what was alive after its last large collection, in percent. Left alone, V8 takes up to 300 on a
 * machine with gigabytes to spare; a node whose live heap is some 50 MB then keeps hundreds resident.
 */
const GROWTH_PERCENT = 60

/** Flags by which whoever starts the process has settled the matter. */
const SETTLED = /--(?:heap[-_]growing[-_]percent|max[-_]old[-_]space[-_]size|max[-_]heap[-_]size)\b/

/**
 * Keeps the heap of this process (with those of its threads) near what is alive in it, unless a flag of the engine says how large it may be.
 * For programs that are nothing but a node: an application that embeds one decides for itself.
 */
export function keepHeapSmall(): void {
  const flags = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ')
  if (!SETTLED.test(flags)) setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`)
}
