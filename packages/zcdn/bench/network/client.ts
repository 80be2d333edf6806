// Runs inside the client's network namespace: one measurement a call, its result as one JSON line.
import { createHash } from 'node:crypto'
import { Cache, downloadStream, downloadTo, httpSource } from '@zos/zcdn'
import { nodeHasher } from '@zos/zcdn/node'

/** What a client keeps of what it reads, in mode `stream`. */
const CACHE_BYTES = 50e6
/** What is measured after this long in mode `stream` is called sustained. */
const START_MS = 2000

const [mode, root, digest, ...urls] = process.argv.slice(2) as [string, string, string, ...string[]]
const check = (bytes: Uint8Array) => {
  if (createHash('sha256').update(bytes).digest('hex') !== digest) throw new Error('wrong bytes')
}
const sources = () => urls.map((gateway) => httpSource({ gateway }))

if (mode === 'single') {
  // Goodput of one link with one connection, as any HTTP client has it; the first byte is in the time.
  const start = performance.now()
  const response = await fetch(`${urls[0]}/ipfs/${root}`)
  const bytes = new Uint8Array(await response.arrayBuffer())
  const ms = performance.now() - start
  check(bytes)
  console.log(JSON.stringify({ bytesPerMs: bytes.length / ms }))
} else if (mode === 'stream') {
  // A reader in order, with a cache of the blocks that pass; reading the map is in the time.
  const cache = new Cache<string, Uint8Array>({ capacityBytes: CACHE_BYTES })
  const whole = createHash('sha256')
  let size = 0
  /** Verified by then, in whatever order: what the reader has by then is less. */
  let verified = 0
  let verifiedAtStart = 0
  let startedMs = 0
  const start = performance.now()
  const { stream } = downloadStream({
    content: root,
    sources: sources(),
    hasher: nodeHasher,
    onBlock: (cid, bytes) => {
      cache.set(cid.toString(), bytes, bytes.length)
      verified += bytes.length
      if (startedMs > 0 || performance.now() - start < START_MS) return
      startedMs = performance.now() - start
      verifiedAtStart = verified
    },
  })
  for await (const bytes of stream) {
    whole.update(bytes)
    size += bytes.length
  }
  const ms = performance.now() - start
  if (whole.digest('hex') !== digest) throw new Error('wrong bytes')
  if (cache.stats().bytes > CACHE_BYTES) throw new Error('the cache holds too much')
  const sustained = (size - verifiedAtStart) / (ms - startedMs)
  console.log(JSON.stringify({ bytesPerMs: size / ms, sustained }))
} else {
  const parts: [number, Uint8Array][] = []
  const start = performance.now()
  const report = await downloadTo({
    content: root,
    sources: sources(),
    hasher: nodeHasher,
    sink: { write: (offset, bytes) => void parts.push([offset, bytes]) },
  })
  const ms = performance.now() - start
  const bytes = new Uint8Array(report.bytesTotal)
  for (const [offset, part] of parts) bytes.set(part, offset)
  check(bytes)
  const waste = report.sources.reduce((sum, source) => sum + source.wastedBytes, 0)
  console.log(
    JSON.stringify({ bytesPerMs: report.bytesTotal / ms, waste, sources: report.sources.map((s) => s.bytes) }),
  )
}
