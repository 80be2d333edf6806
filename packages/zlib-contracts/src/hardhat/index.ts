/**
 * Hardhat 3: `plugins: [zlibPlugin]` in hardhat.config.ts gives every network connection a `zlib` that builds, deploys and verifies split
 * applications of the project. Settings are those of `zlib.json`; artifacts, lock and cache are those of the command line.
 */
import { BrowserProvider, type Eip1193Provider, type Contract as EthersContract } from 'ethers'
import type { HardhatPlugin } from 'hardhat/types/plugins'
import { at, type Deployment, deployContract } from '../deploy/deploy.ts'
import { ensureFactory } from '../deploy/factory.ts'
import { type Verification, verifyDeployment } from '../deploy/verify.ts'
import { openProject, type ProjectBuild, type ProjectBuildOptions } from '../project/project.ts'

export type { ProjectBuild, ProjectBuildOptions } from '../project/project.ts'

/** What a network connection gets. Files are Solidity files of the project; the contract is the one with the file's name, or `contract`. */
export interface ZlibConnection {
  build(file: string, options?: ProjectBuildOptions): Promise<ProjectBuild>
  /** Builds and deploys from the connection's first account; puts the standard factory on a chain that lacks it. */
  deploy(file: string, options?: ProjectBuildOptions & { readonly args?: readonly unknown[] }): Promise<Deployment>
  verify(file: string, address: string, options?: ProjectBuildOptions): Promise<Verification>
  /** The application at `address`. */
  at(file: string, address: string, options?: ProjectBuildOptions): Promise<EthersContract>
}

declare module 'hardhat/types/network' {
  interface NetworkConnection {
    readonly zlib: ZlibConnection
  }
}

/** The plugin. */
export const zlibPlugin: HardhatPlugin = {
  id: 'zos-zlib',
  npmPackage: '@zos/zlib-contracts',
  hookHandlers: {
    network: async () => ({
      default: async () => ({
        async newConnection(context, next) {
          const connection = await next(context)
          const zlib = connectionOf(context.config.paths.root, connection.provider)
          return Object.assign(connection, { zlib })
        },
      }),
    }),
  },
}

function connectionOf(root: string, eip1193: Eip1193Provider): ZlibConnection {
  // A simulated chain answers at once: what ethers remembers for a quarter of a second would be old.
  const provider = new BrowserProvider(eip1193, undefined, { cacheTimeout: -1 })
  const build: ZlibConnection['build'] = (file, options) => openProject(root).build(file, options)
  return {
    build,
    async deploy(file, { args = [], ...options } = {}) {
      const { split, compiled } = await build(file, options)
      openProject(root).save(split, compiled.compiler)
      const signer = await provider.getSigner()
      await ensureFactory(signer)
      return await deployContract(split, signer, { args, ...(options.signal && { signal: options.signal }) })
    },
    async verify(file, address, options) {
      return await verifyDeployment((await build(file, options)).split, address as `0x${string}`, provider)
    },
    async at(file, address, options) {
      const { split } = await build(file, options)
      return at(split, address, await provider.getSigner()) as EthersContract
    },
  }
}
