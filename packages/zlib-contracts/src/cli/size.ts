import { defineCommand } from 'citty'
import { compileYul } from '../compile/compile.ts'
import { openProject } from '../project/project.ts'
import { MAX_CONTRACT_BYTES } from '../split/limits.ts'
import { splitContract } from '../split/split.ts'
import { maxBytesOf, print, printFacets, run, SOURCE_ARGS } from './run.ts'

export const sizeCommand = defineCommand({
  meta: { name: 'size', description: 'Bytes of a contract as a whole and in facets' },
  args: SOURCE_ARGS,
  run: ({ args }) =>
    run(args, SOURCE_ARGS, () => {
      const project = openProject(process.cwd())
      const compiled = project.compile(args.file, args.contract)
      const whole = compileYul(compiled.ir, project.solc).runtime.length / 2 - 1
      const verdict = whole > MAX_CONTRACT_BYTES ? 'above' : 'within'
      print(`${compiled.name}: ${whole} bytes as one contract, ${verdict} the limit of ${MAX_CONTRACT_BYTES}`)
      printFacets(splitContract(compiled, { solc: project.solc, ...maxBytesOf(args['max-bytes']) }))
    }),
})
