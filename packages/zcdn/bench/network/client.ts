// Runs inside the client's network namespace: one measurement a call, its result as one JSON line.
import { createHash } from 'node:crypto'
import { downloadTo, httpSource } from '@zos/zcdn'
import { nodeHasher } from '@zos/zcdn/node'

const [mode, root, digest, ...urls] = process.argv.slice(2) as [string, string, string, ...string[]]
const check = (bytes: Uint8Array) => {
  if (createHash('sha256').update(bytes).digest('hex') !== digest) throw new Error('wrong bytes')
}

if (mode === 'single') {
  // Goodput of one link with one connection, as any HTTP client has it; the first byte is in the time.
  const start = performance.now()
  const response = await fetch(`${urls[0]}/ipfs/${root}`)
  const bytes = new Uint8Array(await response.arrayBuffer())
  const ms = performance.now() - start
  check(bytes)
  console.log(JSON.stringify({ bytesPerMs: bytes.length / ms }))
} else {
  const parts: [number, Uint8Array][] = []
  const start = performance.now()
  const report = await downloadTo({
    content: root,
    sources: urls.map((gateway) => httpSource({ gateway })),
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
