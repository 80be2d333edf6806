import { defineCommand } from 'citty'
import { Wallet } from 'ethers'
import { deployContract } from '../deploy/deploy.ts'
import { ensureFactory } from '../deploy/factory.ts'
import { ZlibError } from '../errors.ts'
import { openProject } from '../project/project.ts'
import { CREATE2_FACTORY } from '../split/create2.ts'
import { privateKey, RPC_ARG, withChain } from './chain.ts'
import { JSON_ARG, print, report, run } from './run.ts'

const args = {
  application: { type: 'positional', description: 'Name of a built application, or its artifact', required: true },
  rpc: RPC_ARG,
  factory: { type: 'boolean', description: 'Put the standard CREATE2 factory on the chain first, if it is missing' },
  args: {
    type: 'string',
    description: 'Constructor arguments, a JSON array; write large numbers as strings',
    default: '[]',
  },
  json: JSON_ARG,
} as const

export const deployCommand = defineCommand({
  meta: {
    name: 'deploy',
    description: 'Deploy the facets that the chain lacks, and the router. The key is read from ZLIB_PRIVATE_KEY',
  },
  args,
  run: (context) =>
    run(context.args, args, async () => {
      const split = openProject(process.cwd()).load(context.args.application)
      const values = constructorArguments(context.args.args)
      const key = privateKey()
      const { address, newFacets, gasUsed, pieces } = await withChain(context.args.rpc, async (provider) => {
        const wallet = new Wallet(key, provider)
        if (context.args.factory === true && (await ensureFactory(wallet)) && context.args.json !== true)
          print(`factory at ${CREATE2_FACTORY}`)
        return await deployContract(split, wallet, { args: values })
      })
      report(context.args, { name: split.name, address, newFacets, gasUsed, pieces }, [
        `${split.name} at ${address}`,
        `  ${newFacets} of ${split.facets.length} facets were new, ${gasUsed} gas`,
      ])
    }),
})

function constructorArguments(text: string): unknown[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (!Array.isArray(value))
    throw new ZlibError('ZLIB_INVALID_ARGUMENT', `--args must be a JSON array such as '["Name", 5]', not ${text}`)
  return value
}
