import { defineCommand } from 'citty'
import { isAddress } from 'ethers'
import { verifyDeployment } from '../deploy/verify.ts'
import { ZlibError } from '../errors.ts'
import { verifyModule } from '../modules/module.ts'
import { openProject } from '../project/project.ts'
import { createRegistry } from '../registry/registry.ts'
import { RPC_ARG, withChain } from './chain.ts'
import { moduleName, REGISTRY_ARGS, registryOf, sourcesOf } from './module-args.ts'
import { maxBytesOf, report, run, SOURCE_ARGS, showProgress } from './run.ts'

const args = {
  ...SOURCE_ARGS,
  file: { type: 'positional', description: 'Solidity file below the current folder, or NAME@VERSION', required: true },
  address: { type: 'positional', description: 'Address of the application', required: false },
  rpc: RPC_ARG,
  ...REGISTRY_ARGS,
} as const

export const verifyCommand = defineCommand({
  meta: {
    name: 'verify',
    description: 'Compile the sources and compare them with the code at an address, or of a published module',
  },
  args,
  run: (context) =>
    run(context.args, args, async () => {
      const { file, contract, address, rpc } = context.args
      const project = openProject(process.cwd())
      const published = address === undefined ? moduleName(file) : undefined
      if (published) {
        const { name, version } = published
        const result = await withChain(rpc, (provider) =>
          verifyModule(
            createRegistry(registryOf(context.args, project.config), provider),
            name,
            version,
            sourcesOf(context.args, project.root),
            { solc: project.solc },
          ),
        )
        if (result.status === 'different')
          throw new ZlibError('ZLIB_NOT_VERIFIED', `${file} is not what its sources compile to: ${result.reason}`, {
            reason: result.reason,
          })
        const { facet, yanked, recipe } = result
        report(context.args, { module: file, address: facet.address, codeHash: facet.codeHash, yanked }, [
          `${file} at ${facet.address} is what its ${Object.keys(recipe.sources).length} sources compile to${yanked ? '; it was withdrawn' : ''}`,
        ])
        return
      }
      if (!isAddress(address))
        throw new ZlibError('ZLIB_INVALID_ARGUMENT', `${String(address)} is not an address`, { address })
      const options = { contract, ...maxBytesOf(context.args['max-bytes']), onProgress: showProgress }
      const { split } = await project.build(file, options)
      const result = await withChain(rpc, (provider) => verifyDeployment(split, address as `0x${string}`, provider))
      if (result.status === 'different')
        throw new ZlibError(
          'ZLIB_NOT_VERIFIED',
          `${split.name} is not at ${address}: ${result.reason} (${result.address})`,
          { ...result },
        )
      const values = Object.entries(result.immutables)
      report(context.args, { name: split.name, address, immutables: result.immutables }, [
        `${split.name} at ${address}: the router and ${split.facets.length} facets are what the sources compile to`,
        ...values.map(([name, value]) => `  immutable ${name} is ${value}`),
      ])
    }),
})
