import { defineCommand } from 'citty'
import { estimateDeployment } from '../deploy/gas.ts'
import { ZlibError } from '../errors.ts'
import { openProject } from '../project/project.ts'
import { layoutChanges } from '../upgrade/compare.ts'
import { selectorClashes } from '../upgrade/selectors.ts'
import { maxBytesOf, report, run, SOURCE_ARGS, showProgress } from './run.ts'

const args = {
  ...SOURCE_ARGS,
  against: { type: 'string', description: 'Layout to compare with; default: that of the last build' },
  proxy: {
    type: 'string',
    description: 'Built application that stands before it, such as a proxy: no selector may be in both',
  },
} as const

export const checkCommand = defineCommand({
  meta: {
    name: 'check',
    description: 'May this version take over the storage of the last build? Do its pieces fit a chain?',
  },
  args,
  run: (context) =>
    run(context.args, args, async () => {
      const { file, contract, against, proxy } = context.args
      const project = openProject(process.cwd())
      const options = { contract, ...maxBytesOf(context.args['max-bytes']), onProgress: showProgress }
      const { split } = await project.build(file, options)
      const changes = layoutChanges(project.savedLayout(against ?? split.name), project.layout(file, split.name))
      const clashes =
        proxy === undefined ? [] : selectorClashes({ [split.name]: split.abi, [proxy]: project.load(proxy).abi })
      const heavy = estimateDeployment(split).filter(({ fits }) => !fits)
      const problems = [
        ...changes.filter(({ breaking }) => breaking).map(({ where, message }) => `${where}: ${message}`),
        ...clashes.map(
          ({ selector, first, second }) =>
            `${selector} is ${first.signature} of ${first.owner} and ${second.signature} of ${second.owner}`,
        ),
        ...heavy.map(({ what, gas }) => `${what} takes ${gas} gas to deploy, more than a transaction may`),
      ]
      if (problems.length > 0)
        throw new ZlibError('ZLIB_UPGRADE_BREAKS', `${split.name} breaks: ${problems.join('; ')}`, {
          changes,
          clashes,
          heavy,
        })
      report(context.args, { name: split.name, changes, clashes }, [
        `${split.name} may take over the storage of the last build`,
        ...changes.map(({ where, message }) => `  ${where}: ${message}`),
      ])
    }),
})
