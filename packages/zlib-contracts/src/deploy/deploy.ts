import {
  Contract,
  ContractFactory,
  type ContractRunner,
  concat,
  type Contract as EthersContract,
  type InterfaceAbi,
  type Signer,
} from 'ethers'
import { ZlibError } from '../errors.ts'
import { CREATE2_FACTORY, type SplitContract } from '../split/split.ts'

const SALT = `0x${'00'.repeat(32)}`

/** What happened on the chain. */
export interface Deployment {
  /** The application: one address, the whole ABI. */
  readonly address: `0x${string}`
  readonly contract: EthersContract
  /** Facets that this deployment had to put on the chain; the others were there. */
  readonly newFacets: number
  /** Of all transactions. */
  readonly gasUsed: bigint
}

/** Settings of {@link deployContract}. */
export interface DeployOptions {
  /** Constructor arguments. */
  readonly args?: readonly unknown[]
  readonly onProgress?: (step: { facet: number; of: number; deployed: boolean }) => void
  readonly signal?: AbortSignal
}

/**
 * Deploys what is missing of `split` and its router. A facet that is on the chain already, from whomever, is used as it is: its address
 * commits to its code. Errors: `ZLIB_CHAIN` without the standard factory, `ZLIB_DEPLOYMENT_FAILED`.
 */
export async function deployContract(
  split: SplitContract,
  signer: Signer,
  options: DeployOptions = {},
): Promise<Deployment> {
  const { provider } = signer
  if (!provider) throw new ZlibError('ZLIB_INVALID_ARGUMENT', 'the signer is not connected to a provider')
  if ((await provider.getCode(CREATE2_FACTORY)) === '0x')
    throw new ZlibError(
      'ZLIB_CHAIN',
      `the chain has no CREATE2 factory at ${CREATE2_FACTORY}; ensureFactory (zlib deploy --factory) puts it there`,
    )
  let gasUsed = 0n
  let newFacets = 0
  for (const [index, facet] of split.facets.entries()) {
    options.signal?.throwIfAborted()
    const deployed = (await provider.getCode(facet.address)) !== '0x'
    if (!deployed) {
      const receipt = await (
        await signer.sendTransaction({ to: CREATE2_FACTORY, data: concat([SALT, facet.creation]) })
      ).wait()
      if (receipt?.status !== 1 || (await provider.getCode(facet.address)) === '0x')
        throw new ZlibError('ZLIB_DEPLOYMENT_FAILED', `facet ${index} of ${split.name} was not deployed`, {
          facet: facet.address,
        })
      gasUsed += receipt.gasUsed
      newFacets++
    }
    options.onProgress?.({ facet: index + 1, of: split.facets.length, deployed: !deployed })
  }
  const factory = new ContractFactory(split.abi as InterfaceAbi, split.router, signer)
  const contract = await factory.deploy(...(options.args ?? []))
  const receipt = await contract.deploymentTransaction()?.wait()
  if (receipt?.status !== 1)
    throw new ZlibError('ZLIB_DEPLOYMENT_FAILED', `the router of ${split.name} was not deployed`)
  const address = (await contract.getAddress()) as `0x${string}`
  return { address, contract: at(split, address, signer), newFacets, gasUsed: gasUsed + receipt.gasUsed }
}

/** The application at `address` with its whole ABI. */
export function at(split: Pick<SplitContract, 'abi'>, address: string, runner: ContractRunner): EthersContract {
  return new Contract(address, split.abi as InterfaceAbi, runner)
}
