import { defineCommand } from 'citty'
import { FunctionFragment } from 'ethers'
import { openProject } from '../project/project.ts'
import type { SplitContract } from '../split/split.ts'
import { layoutChanges } from '../upgrade/compare.ts'
import { maxBytesOf, report, run, SOURCE_ARGS, showProgress } from './run.ts'

export const diffCommand = defineCommand({
  meta: { name: 'diff', description: 'What the sources changed since the last build: functions, code, storage' },
  args: SOURCE_ARGS,
  run: ({ args }) =>
    run(args, SOURCE_ARGS, async () => {
      const project = openProject(process.cwd())
      const options = { contract: args.contract, ...maxBytesOf(args['max-bytes']), onProgress: showProgress }
      const { split } = await project.build(args.file, options)
      const before = project.load(split.name)
      const storage = layoutChanges(project.savedLayout(split.name), project.layout(args.file, split.name))
      const [old, now] = [functionsOf(before), functionsOf(split)]
      const functions = {
        added: now.filter((one) => !old.includes(one)),
        removed: old.filter((one) => !now.includes(one)),
      }
      const known = new Set(before.facets.map(({ address }) => address))
      const fresh = split.facets.filter(({ address }) => !known.has(address))
      const code = {
        newFacets: fresh.length,
        newBytes: fresh.reduce((sum, { size }) => sum + size, 0),
        routerChanged: before.router !== split.router,
      }
      report(args, { name: split.name, functions, code, storage }, [
        ...functions.added.map((one) => `+ ${one}`),
        ...functions.removed.map((one) => `- ${one}`),
        ...storage.map(({ breaking, where, message }) => `${breaking ? '!' : '~'} storage ${where}: ${message}`),
        `${code.newFacets} of ${split.facets.length} facets are new, ${code.newBytes} bytes; the router ${code.routerChanged ? 'changed' : 'is the same'}`,
      ])
    }),
})

function functionsOf({ abi }: SplitContract): string[] {
  return abi
    .filter(({ type }) => type === 'function')
    .map((entry) =>
      FunctionFragment.from(entry)
        .format('full')
        .replace(/^function /, ''),
    )
    .sort()
}
