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
import { CREATE2_FACTORY, SALT } from '../split/create2.ts'
import type { SplitContract } from '../split/split.ts'
import type { TypedContract } from './typed-contract.ts'

/** What happened on the chain. */
export interface Deployment {
  /** The application: one address, the whole ABI. */
  readonly address: `0x${string}`
  readonly contract: EthersContract
  /** Facets that this deployment had to put on the chain; the others were there. */
  readonly newFacets: number
  /** Of all transactions. */
  readonly gasUsed: bigint
  /** Libraries, facets and the router, in the order of their deployment. */
  readonly pieces: readonly DeployedPiece[]
}

/** One contract of an application on a chain. */
export interface DeployedPiece {
  /** `library FILE:NAME`, `facet N` or `router`. */
  readonly what: string
  readonly address: `0x${string}`
  /** Of its transaction; 0 where the chain had it. */
  readonly gasUsed: bigint
}

/** Settings of {@link deployContract}. */
export interface DeployOptions {
  /** Constructor arguments. */
  readonly args?: readonly unknown[]
  /** Told after each library and each facet: the how many-th it was, of how many, and whether it was new. */
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
  const pieces: DeployedPiece[] = []
  let newFacets = 0
  const shared = [
    ...split.libraries.map((library) => ({ what: `library ${library.name}`, ...library })),
    ...split.facets.map((facet, index) => ({ what: `facet ${index}`, ...facet })),
  ]
  for (const [index, { what, address, creation }] of shared.entries()) {
    options.signal?.throwIfAborted()
    const deployed = (await provider.getCode(address)) !== '0x'
    let gasUsed = 0n
    if (!deployed) {
      const receipt = await (
        await signer.sendTransaction({ to: CREATE2_FACTORY, data: concat([SALT, creation]) })
      ).wait()
      if (receipt?.status !== 1 || (await provider.getCode(address)) === '0x')
        throw new ZlibError('ZLIB_DEPLOYMENT_FAILED', `${what} of ${split.name} was not deployed`, { facet: address })
      gasUsed = receipt.gasUsed
      if (index >= split.libraries.length) newFacets++
    }
    pieces.push({ what, address, gasUsed })
    options.onProgress?.({ facet: index + 1, of: shared.length, deployed: !deployed })
  }
  options.signal?.throwIfAborted()
  const factory = new ContractFactory(split.abi as InterfaceAbi, split.router, signer)
  const contract = await factory.deploy(...(options.args ?? []))
  const receipt = await contract.deploymentTransaction()?.wait()
  if (receipt?.status !== 1)
    throw new ZlibError('ZLIB_DEPLOYMENT_FAILED', `the router of ${split.name} was not deployed`)
  const address = (await contract.getAddress()) as `0x${string}`
  pieces.push({ what: 'router', address, gasUsed: receipt.gasUsed })
  const gasUsed = pieces.reduce((sum, piece) => sum + piece.gasUsed, 0n)
  return { address, contract: at(split, address, signer), newFacets, gasUsed, pieces }
}

/** The application at `address` with its whole ABI; with types where the ABI is a constant. */
export function at<const Abi extends readonly unknown[]>(
  application: { readonly abi: Abi },
  address: string,
  runner: ContractRunner,
): TypedContract<Abi> {
  return new Contract(address, application.abi as unknown as InterfaceAbi, runner) as unknown as TypedContract<Abi>
}
