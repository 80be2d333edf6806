import { defineCommand } from 'citty'
import { compileYul } from '../compile/compile.ts'
import { estimateDeployment } from '../deploy/gas.ts'
import { openProject } from '../project/project.ts'
import { linkContract } from '../split/libraries.ts'
import { MAX_CONTRACT_BYTES } from '../split/limits.ts'
import { maxBytesOf, pieceLines, report, run, SOURCE_ARGS, showProgress } from './run.ts'

const args = {
  ...SOURCE_ARGS,
  gas: { type: 'boolean', description: 'Say what deploying each piece costs on an empty chain' },
} as const

export const sizeCommand = defineCommand({
  meta: { name: 'size', description: 'Bytes of a contract as a whole and in facets' },
  args,
  run: (context) =>
    run(context.args, args, async () => {
      const { file, contract } = context.args
      const project = openProject(process.cwd())
      const options = { contract, ...maxBytesOf(context.args['max-bytes']), onProgress: showProgress }
      const { compiled, split } = await project.build(file, options)
      const whole = compileYul(linkContract(compiled, {}, project.solc).ir, project.solc).runtime.length / 2 - 1
      const gas = estimateDeployment(split)
      const verdict = whole > MAX_CONTRACT_BYTES ? 'above' : 'within'
      const gasLines = gas.map(
        ({ what, gas: used, fits }) => `  ${what}: ${used} gas${fits ? '' : ', more than a transaction may take'}`,
      )
      report(context.args, { name: compiled.name, whole, pieces: gas }, [
        `${compiled.name}: ${whole} bytes as one contract, ${verdict} the limit of ${MAX_CONTRACT_BYTES}`,
        ...pieceLines(split),
        ...(context.args.gas === true ? gasLines : []),
      ])
    }),
})
