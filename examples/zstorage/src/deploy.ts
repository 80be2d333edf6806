import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Hex } from '@zos/rain-storage/market'
import { buildContract, deployContract, diskStore, ensureFactory } from '@zos/zlib-contracts'
import type { Signer } from 'ethers'

const folder = new URL('../contracts/', import.meta.url)

/** Puts a market on a chain: one facet, the same at the same address for everybody, and a router. */
export async function deployMarket(signer: Signer): Promise<Hex> {
  const { split } = await buildContract({
    sources: { 'StorageShop.sol': readFileSync(new URL('StorageShop.sol', folder), 'utf8') },
    contract: 'StorageShop',
    from: fileURLToPath(folder),
    store: diskStore(fileURLToPath(new URL('../../.zlib/cache', import.meta.url))),
    modules: [moduleFunctions('storage-market')],
  })
  await ensureFactory(signer)
  return (await deployContract(split, signer, { args: [] })).address as Hex
}

/** The functions of a standard module. */
function moduleFunctions(name: string): string[] {
  const require = createRequire(import.meta.url)
  const path = join(dirname(require.resolve('@zos/zlib-contracts/package.json')), 'contracts', 'modules.json')
  return (JSON.parse(readFileSync(path, 'utf8')) as Record<string, { functions: string[] }>)[name]!.functions
}
