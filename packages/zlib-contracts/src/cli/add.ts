import { defineCommand } from 'citty'
import { ZlibError } from '../errors.ts'
import { verifyModule } from '../modules/module.ts'
import { installModule } from '../project/installed-modules.ts'
import { openProject } from '../project/project.ts'
import { createRegistry } from '../registry/registry.ts'
import { RPC_ARG, withChain } from './chain.ts'
import { REGISTRY_ARGS, registryOf, requireModuleName, sourcesOf } from './module-args.ts'
import { JSON_ARG, report, run } from './run.ts'

const args = {
  module: { type: 'positional', description: 'NAME@VERSION', required: true },
  rpc: RPC_ARG,
  ...REGISTRY_ARGS,
  yanked: { type: 'boolean', description: 'Take it although it was withdrawn' },
  json: JSON_ARG,
} as const

export const addCommand = defineCommand({
  meta: {
    name: 'add',
    description: 'Bring a published module into the project, after compiling its sources and comparing',
  },
  args,
  run: (context) =>
    run(context.args, args, async () => {
      const { name, version } = requireModuleName(context.args.module)
      const project = openProject(process.cwd())
      const result = await withChain(context.args.rpc, (provider) =>
        verifyModule(
          createRegistry(registryOf(context.args, project.config), provider),
          name,
          version,
          sourcesOf(context.args, project.root),
          { solc: project.solc },
        ),
      )
      if (result.status === 'different')
        throw new ZlibError(
          'ZLIB_NOT_VERIFIED',
          `${name}@${version} is not what its sources compile to: ${result.reason}`,
          { reason: result.reason },
        )
      if (result.yanked && context.args.yanked !== true)
        throw new ZlibError(
          'ZLIB_INVALID_ARGUMENT',
          `${name}@${version} was withdrawn; --yanked takes it all the same`,
          { name, version },
        )
      const folder = installModule(project.root, result.recipe, result.facet)
      const path = `${folder}/${result.recipe.file}`
      report(context.args, { name, version, address: result.facet.address, import: path }, [
        `${name}@${version} → ${folder}`,
        `  import "${path}"; contracts with its ${result.recipe.functions.length} functions use ${result.facet.address}`,
      ])
    }),
})
