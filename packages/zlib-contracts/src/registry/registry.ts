/** `ZLibRegistry` from TypeScript: name@version to shared code on the chain. */
import { Contract, type ContractRunner, isError } from 'ethers'
import { ZlibError } from '../errors.ts'

/** The functions and errors of `contracts/registry/ZLibRegistry.sol`. */
export const REGISTRY_ABI = [
  'function publish(string name, string version, bytes initcode, bytes metadata, bytes32[] dependencies) returns (address code)',
  'function yank(string name, string version, bool yanked)',
  'function transferName(string name, address to)',
  'function ownerOf(string name) view returns (address)',
  'function resolve(string name, string version) view returns (tuple(address code, bool yanked, bytes32 libId, bytes metadata, bytes32[] dependencies))',
  'function resolveKey(bytes32 key) view returns (tuple(address code, bool yanked, bytes32 libId, bytes metadata, bytes32[] dependencies))',
  'function verify(string name, string version, address code) view returns (bool)',
  'function keyOf(string name, string version) pure returns (bytes32)',
  'function addressOf(bytes32 initcodeHash) pure returns (address)',
  'function identityOf(address code) view returns (bytes32)',
  'event Published(bytes32 indexed key, bytes32 indexed libId, address indexed code, string name, string version, bytes metadata, bytes32[] dependencies)',
  'event Yanked(bytes32 indexed key, bool yanked)',
  'event NameTransferred(string name, address from, address to)',
  'error NotOwner(string name, address owner)',
  'error BadName(string name)',
  'error BadVersion(string version)',
  'error BadMetadata()',
  'error TooManyDependencies(uint256 count)',
  'error AlreadyPublished(string name, string version)',
  'error NotPublished(bytes32 key)',
  'error DeploymentFailed()',
] as const

/** A published version. */
export interface PublishedVersion {
  readonly code: `0x${string}`
  readonly yanked: boolean
  /** Identity of the code. */
  readonly libId: `0x${string}`
  /** CID of sources and settings, bytes in hex. */
  readonly metadata: `0x${string}`
  /** Keys of the versions that it needs. */
  readonly dependencies: readonly `0x${string}`[]
}

/** What {@link Registry.publish} takes. */
export interface Publication {
  /** Lower-case letters, digits and hyphens. */
  readonly name: string
  /** MAJOR.MINOR.PATCH, with an optional pre-release. */
  readonly version: string
  /** Creation code, such as that of a facet. */
  readonly creation: `0x${string}`
  /** CID of sources and settings. */
  readonly metadata: Uint8Array | `0x${string}`
  /** What it needs, as `name@version`; published before. */
  readonly dependencies?: readonly string[]
}

/** A registry on a chain. Every function throws `ZLIB_REGISTRY` with the contract's reason when it refuses. */
export interface Registry {
  /** Publishes and waits for the transaction. One transaction; deploys the code if the chain does not have it. */
  publish(publication: Publication): Promise<PublishedVersion>
  /** Marks a version as withdrawn, or takes the mark back. */
  yank(name: string, version: string, yanked?: boolean): Promise<void>
  resolve(name: string, version: string): Promise<PublishedVersion>
  /** Whether the code at `address` is that of name@version. */
  verify(name: string, version: string, address: string): Promise<boolean>
}

/** The registry at `address`. Writing needs a signer as `runner`. */
export function createRegistry(address: string, runner: ContractRunner): Registry {
  const contract = new Contract(address, REGISTRY_ABI, runner)
  const call = (name: string) => contract.getFunction(name)
  const resolve = (name: string, version: string) =>
    explained(async () => {
      const entry = await call('resolve').staticCall(name, version)
      const { code, yanked, libId, metadata } = entry
      return { code, yanked, libId, metadata, dependencies: [...entry.dependencies] }
    })
  return {
    resolve,
    verify: (name, version, at) => explained(() => call('verify').staticCall(name, version, at)),
    yank: (name, version, yanked = true) =>
      explained(async () => {
        await (await call('yank').send(name, version, yanked)).wait()
      }),
    async publish({ name, version, creation, metadata, dependencies = [] }) {
      const keys = await Promise.all(
        dependencies.map(async (dependency) => {
          const parts = dependency.split('@')
          if (parts.length !== 2)
            throw new ZlibError('ZLIB_INVALID_ARGUMENT', `a dependency is name@version, not ${dependency}`, {
              dependency,
            })
          return explained(() => call('keyOf').staticCall(...parts))
        }),
      )
      await explained(async () => {
        await (await call('publish').send(name, version, creation, metadata, keys)).wait()
      })
      return await resolve(name, version)
    },
  }
}

/** Runs a call; a refusal of the contract becomes an error of ours with its name. */
async function explained<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    if (!isError(cause, 'CALL_EXCEPTION')) throw cause
    const reason = cause.revert ? `${cause.revert.name}(${[...cause.revert.args].join(', ')})` : cause.shortMessage
    throw new ZlibError('ZLIB_REGISTRY', `the registry refused: ${reason}`, { reason }, { cause })
  }
}
