import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineCommand } from 'citty'
import { openProject } from '../project/project.ts'
import { maxBytesOf, pieceLines, report, run, SOURCE_ARGS, showProgress } from './run.ts'

const args = {
  ...SOURCE_ARGS,
  frozen: { type: 'boolean', description: 'Fail when the result is not what zlib.lock names' },
  types: { type: 'boolean', description: 'Write artifacts/NAME.ts too: the ABI as a constant, for types' },
} as const

export const buildCommand = defineCommand({
  meta: { name: 'build', description: 'Compile and split; write artifacts/NAME.json and zlib.lock' },
  args,
  run: (context) =>
    run(context.args, args, async () => {
      const { file, contract } = context.args
      const project = openProject(process.cwd())
      const options = { contract, ...maxBytesOf(context.args['max-bytes']), onProgress: showProgress }
      const { compiled, split, modules } = await project.build(file, options)
      const layout = project.layout(file, split.name)
      const path = project.save(split, compiled.compiler, { frozen: context.args.frozen === true, layout })
      if (context.args.types === true)
        writeFileSync(
          join(project.root, path.replace(/\.json$/, '.ts')),
          `export const ${split.name} = ${JSON.stringify({ abi: split.abi }, null, 2)} as const\n`,
        )
      const used = modules.map(({ module: { name, version }, shared }) => ({ module: `${name}@${version}`, shared }))
      report(context.args, { name: split.name, path, ...summary(split), modules: used }, [
        `${split.name} → ${path}`,
        ...pieceLines(split),
        ...used.map(
          ({ module, shared }) =>
            `  ${module} ${shared ? 'is the published code' : 'compiles to other code than was published'}`,
        ),
      ])
    }),
})

/** An application without its code. */
function summary({ facets, libraries, routerSize }: Parameters<typeof pieceLines>[0]) {
  return {
    libraries: libraries.map(({ name, address, size }) => ({ name, address, size })),
    facets: facets.map(({ address, size, selectors }) => ({ address, size, selectors })),
    routerSize,
  }
}
