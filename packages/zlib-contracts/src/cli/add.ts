import { defineCommand } from 'citty'
import { ZlibError } from '../errors.ts'
import { verifyWithDependencies } from '../modules/dependencies.ts'
import { installModules, nameOf } from '../project/installed-modules.ts'
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
    description:
      'Bring a published module and what it needs into the project, after compiling their sources and comparing',
  },
  args,
  run: (context) =>
    run(context.args, args, async () => {
      const { name, version } = requireModuleName(context.args.module)
      const project = openProject(process.cwd())
      const modules = await withChain(context.args.rpc, (provider) =>
        verifyWithDependencies(
          createRegistry(registryOf(context.args, project.config), provider),
          name,
          version,
          sourcesOf(context.args, project.root),
          { solc: project.solc },
        ),
      )
      const yanked = modules.find((one) => one.yanked)
      if (yanked && context.args.yanked !== true)
        throw new ZlibError(
          'ZLIB_INVALID_ARGUMENT',
          `${nameOf(yanked)} was withdrawn; --yanked takes it all the same`,
          { module: nameOf(yanked) },
        )
      const installed = installModules(project.root, modules)
      const wanted = installed.at(-1)!
      report(
        context.args,
        {
          name,
          version,
          address: wanted.address,
          import: wanted.import,
          needs: installed.slice(0, -1).map(({ module, address, import: path }) => ({ module, address, import: path })),
        },
        installed.flatMap(({ module, folder, import: path, functions, address }) => [
          `${module} → ${folder}`,
          `  import "${path}"; contracts with its ${functions} functions use ${address}`,
        ]),
      )
    }),
})
