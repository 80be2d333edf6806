import { defineCommand } from 'citty'
import { isAddress } from 'ethers'
import { verifyDeployment } from '../deploy/verify.ts'
import { ZlibError } from '../errors.ts'
import { openProject } from '../project/project.ts'
import { splitContract } from '../split/split.ts'
import { RPC_ARG, withChain } from './chain.ts'
import { maxBytesOf, print, run, SOURCE_ARGS } from './run.ts'

const args = {
  ...SOURCE_ARGS,
  address: { type: 'positional', description: 'Address of the application', required: true },
  rpc: RPC_ARG,
} as const

export const verifyCommand = defineCommand({
  meta: { name: 'verify', description: 'Compile the sources and compare them with the code at an address' },
  args,
  run: (context) =>
    run(context.args, args, async () => {
      const { file, contract, address, rpc } = context.args
      if (!isAddress(address)) throw new ZlibError('ZLIB_INVALID_ARGUMENT', `${address} is not an address`, { address })
      const project = openProject(process.cwd())
      const compiled = project.compile(file, contract)
      const split = splitContract(compiled, { solc: project.solc, ...maxBytesOf(context.args['max-bytes']) })
      const result = await withChain(rpc, (provider) => verifyDeployment(split, address as `0x${string}`, provider))
      if (result.status === 'different')
        throw new ZlibError(
          'ZLIB_NOT_VERIFIED',
          `${split.name} is not at ${address}: ${result.reason} (${result.address})`,
          {
            ...result,
          },
        )
      print(`${split.name} at ${address}: the router and ${split.facets.length} facets are what the sources compile to`)
    }),
})
