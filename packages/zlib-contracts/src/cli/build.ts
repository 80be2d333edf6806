import { defineCommand } from 'citty'
import { openProject } from '../project/project.ts'
import { splitContract } from '../split/split.ts'
import { maxBytesOf, print, printFacets, run, SOURCE_ARGS } from './run.ts'

const args = {
  ...SOURCE_ARGS,
  frozen: { type: 'boolean', description: 'Fail when the result is not what zlib.lock names' },
} as const

export const buildCommand = defineCommand({
  meta: { name: 'build', description: 'Compile and split; write artifacts/NAME.json and zlib.lock' },
  args,
  run: (context) =>
    run(context.args, args, () => {
      const project = openProject(process.cwd())
      const compiled = project.compile(context.args.file, context.args.contract)
      const split = splitContract(compiled, { solc: project.solc, ...maxBytesOf(context.args['max-bytes']) })
      const path = project.save(split, compiled.compiler, { frozen: context.args.frozen === true })
      print(`${split.name} → ${path}`)
      printFacets(split)
    }),
})
