import { readFileSync } from 'node:fs'
import asc from 'assemblyscript/asc'

const folder = new URL('../../assembly/', import.meta.url)

/** Compiles `assembly/<name>.ts` with AssemblyScript; `flags` beyond those of the documentation. */
export async function compileFunction(name: string, flags: readonly string[] = []): Promise<Uint8Array> {
  return compileSource(readFileSync(new URL(`${name}.ts`, folder), 'utf8'), flags)
}

export async function compileSource(source: string, flags: readonly string[] = []): Promise<Uint8Array> {
  let binary: Uint8Array | undefined
  const options = ['-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort=', ...flags]
  const { error, stderr } = await asc.main(['function.ts', '--outFile', 'function.wasm', ...options], {
    readFile: (file) => (file === 'function.ts' ? source : null),
    writeFile: (file, contents) => {
      if (file.endsWith('.wasm')) binary = contents as Uint8Array
    },
    listFiles: () => [],
  })
  if (error || !binary) throw new Error(`${error}\n${stderr}`)
  return new Uint8Array(binary)
}
