import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { defineCommand } from 'citty'
import { Wallet } from 'ethers'
import { cidText } from '../modules/cid.ts'
import { buildModule } from '../modules/module.ts'
import { standardModule } from '../project/config.ts'
import { openProject } from '../project/project.ts'
import { createRegistry } from '../registry/registry.ts'
import { privateKey, RPC_ARG, withChain } from './chain.ts'
import { REGISTRY_ARGS, registryOf, requireModuleName, SOURCE_FOLDER } from './module-args.ts'
import { JSON_ARG, report, run } from './run.ts'

const args = {
  file: { type: 'positional', description: 'Solidity file below the current folder', required: true },
  module: { type: 'positional', description: 'NAME@VERSION to publish it as', required: true },
  contract: { type: 'string', description: 'Contract of the file; default: the one with its name' },
  functions: {
    type: 'string',
    description: 'Its functions: signatures between semicolons, or the name of a standard module; default: all',
  },
  needs: { type: 'string', description: 'Published modules that it needs, NAME@VERSION between commas' },
  rpc: RPC_ARG,
  registry: REGISTRY_ARGS.registry,
  sources: { type: 'string', description: `Folder that the sources are written to by CID; default: ${SOURCE_FOLDER}` },
  json: JSON_ARG,
} as const

export const publishCommand = defineCommand({
  meta: {
    name: 'publish',
    description: 'Publish a module; write its sources by CID, for you to store where others find them',
  },
  args,
  run: (context) =>
    run(context.args, args, async () => {
      const { file, contract = basename(file, '.sol'), functions, needs, sources } = context.args
      const { name, version } = requireModuleName(context.args.module)
      const project = openProject(process.cwd())
      const registry = registryOf(context.args, project.config)
      const key = privateKey()
      const dependencies = (needs?.split(',') ?? []).map((one) => one.trim())
      for (const one of dependencies) requireModuleName(one)
      const built = buildModule({
        ...project.sources(file),
        ...(functions && {
          functions: functions.includes('(')
            ? functions.split(';').map((one) => one.trim())
            : standardModule(functions),
        }),
        contract,
        name,
        version,
        needs: dependencies,
        solc: project.solc,
      })
      const folder = resolve(project.root, sources ?? SOURCE_FOLDER)
      mkdirSync(folder, { recursive: true })
      for (const [cid, bytes] of built.blocks) writeFileSync(join(folder, cid), bytes)
      const { code } = await withChain(context.args.rpc, (provider) =>
        createRegistry(registry, new Wallet(key, provider)).publish({
          name,
          version,
          creation: built.facet.creation,
          metadata: built.cid,
          dependencies,
        }),
      )
      const metadata = cidText(built.cid)
      report(
        context.args,
        { name, version, address: code, metadata, functions: built.recipe.functions, sources: built.blocks.size },
        [
          `${name}@${version} at ${code}`,
          `  ${built.recipe.functions.length} functions, ${built.facet.size} bytes; document ${metadata}`,
          `  ${built.blocks.size} files by CID in ${folder}`,
        ],
      )
    }),
})
