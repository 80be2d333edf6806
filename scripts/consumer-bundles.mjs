// Bundles every typed entry of every package with esbuild, for Node, and for pages those that pages import: without a warning.
import { readdirSync, readFileSync } from 'node:fs'
import { build } from 'esbuild'
import { root } from './run.mjs'

/** What only Node can load. */
const FOR_NODE =
  /^@zos\/(node(\/(devnet|ibc))?|hub-ibc\/(level|node)|pipeline\/node|rain-storage\/(node|libp2p)|zcdn\/(node|libp2p)|zlib-contracts.*|dag\/store\/level|.*\/cli)$/

const entries = readdirSync(`${root}packages`).flatMap((name) => {
  const { exports } = JSON.parse(readFileSync(`${root}packages/${name}/package.json`, 'utf8'))
  return Object.entries(exports)
    .filter(([path, target]) => !path.includes('*') && typeof target === 'object')
    .map(([path]) => ({ id: `@zos/${name}${path.slice(1)}`, folder: `${root}packages/${name}` }))
})

let failed = 0
for (const { id, folder } of entries) {
  for (const platform of FOR_NODE.test(id) ? ['node'] : ['node', 'browser']) {
    const result = await build({
      stdin: { contents: `export * from ${JSON.stringify(id)}`, resolveDir: folder },
      bundle: true,
      write: false,
      format: 'esm',
      platform,
      // Only our own files are on trial; what they import is resolved by the application.
      plugins: [
        {
          name: 'ours',
          setup: ({ onResolve }) =>
            onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
              path.startsWith('@zos/') || kind === 'entry-point' ? undefined : { path, external: true },
            ),
        },
      ],
      logLevel: 'silent',
    }).catch((error) => error)
    const said = [...(result.errors ?? []), ...(result.warnings ?? [])]
    if (said.length === 0) continue
    failed++
    console.log(`${id} for ${platform}:`)
    for (const { text, location } of said)
      console.log(`  ${text}${location ? ` (${location.file}:${location.line})` : ''}`)
  }
}
console.log(`${entries.length} entries, ${failed} bundles fail`)
process.exit(failed ? 1 : 0)
