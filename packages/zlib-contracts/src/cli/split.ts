import { defineCommand } from 'citty'
import { openProject } from '../project/project.ts'
import { splitContract } from '../split/split.ts'
import { maxBytesOf, print, run, SOURCE_ARGS } from './run.ts'

export const splitCommand = defineCommand({
  meta: { name: 'split', description: 'Show which function stands in which facet; write nothing but the cache' },
  args: SOURCE_ARGS,
  run: ({ args }) =>
    run(args, SOURCE_ARGS, () => {
      const project = openProject(process.cwd())
      const compiled = project.compile(args.file, args.contract)
      const split = splitContract(compiled, { solc: project.solc, ...maxBytesOf(args['max-bytes']) })
      const signatures = new Map(Object.entries(compiled.selectors).map(([text, selector]) => [`0x${selector}`, text]))
      for (const { address, size, selectors } of split.facets) {
        print(`${address}  ${size} bytes`)
        if (selectors.length === 0) print('  receive and fallback')
        for (const selector of selectors) print(`  ${selector}  ${signatures.get(selector) ?? '?'}`)
      }
    }),
})
