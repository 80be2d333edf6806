// Compiles assembly/*.ts to base64 modules in src/*/generated.
import { mkdirSync, writeFileSync } from 'node:fs'
import asc from 'assemblyscript/asc'

const root = new URL('..', import.meta.url).pathname

/** One module: the source, the variants (name → extra compiler flags) and where its TypeScript goes. */
const modules = [
  {
    source: 'assembly/gf256.ts',
    target: 'src/erasure/generated/gf256.ts',
    variants: {
      simd: ['--enable', 'simd', '--use', 'RELAXED=0'],
      relaxed: ['--enable', 'simd', '--enable', 'relaxed-simd', '--use', 'RELAXED=1'],
    },
  },
  { source: 'assembly/gear.ts', target: 'src/content/generated/gear.ts', variants: { gear: ['--enable', 'simd'] } },
  {
    source: 'assembly/blake3.ts',
    target: 'src/crypto/generated/blake3.ts',
    variants: { blake3: ['--enable', 'simd'] },
  },
]

for (const { source, target, variants } of modules) {
  let text = `// Made by scripts/build-wasm.mjs from ${source}.\n`
  for (const [name, flags] of Object.entries(variants)) {
    let binary
    const { error, stderr } = await asc.main(
      [
        source,
        '--baseDir',
        root,
        '-O3',
        '--noAssert',
        '--runtime',
        'stub',
        '--importMemory',
        '--outFile',
        `${name}.wasm`,
        ...flags,
      ],
      {
        writeFile: (file, contents) => {
          if (file.endsWith('.wasm')) binary = contents
        },
      },
    )
    if (error || !binary) throw new Error(`${source} (${name}): ${error}\n${stderr}`)
    text += `export const ${name}Wasm = '${Buffer.from(binary).toString('base64')}'\n`
  }
  const path = root + target
  mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true })
  writeFileSync(path, text)
}
