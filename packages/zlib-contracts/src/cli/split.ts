import { defineCommand } from 'citty'
import { openProject } from '../project/project.ts'
import { maxBytesOf, report, run, SOURCE_ARGS, showProgress } from './run.ts'

export const splitCommand = defineCommand({
  meta: { name: 'split', description: 'Show which function stands in which facet; write nothing but the cache' },
  args: SOURCE_ARGS,
  run: ({ args }) =>
    run(args, SOURCE_ARGS, async () => {
      const project = openProject(process.cwd())
      const options = { contract: args.contract, ...maxBytesOf(args['max-bytes']), onProgress: showProgress }
      const { compiled, split } = await project.build(args.file, options)
      const signatures = new Map(Object.entries(compiled.selectors).map(([text, selector]) => [`0x${selector}`, text]))
      const facets = split.facets.map(({ address, size, selectors }) => ({
        address,
        size,
        functions: selectors.map((selector) => ({ selector, signature: signatures.get(selector) ?? '?' })),
      }))
      report(
        args,
        { name: split.name, facets },
        facets.flatMap(({ address, size, functions }) => [
          `${address}  ${size} bytes`,
          ...functions.map(({ selector, signature }) => `  ${selector}  ${signature}`),
        ]),
      )
    }),
})
