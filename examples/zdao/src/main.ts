// Run a network first: `npx -y pnpm@12 start` in the root of the repository. Then: node src/main.ts [RPC_URL] [PRIVATE_KEY]
import { JsonRpcProvider, Wallet } from 'ethers'
import { buildDao, deployDao } from './deploy.ts'

const rpcUrl = process.argv[2] ?? 'http://127.0.0.1:8545'
// The first account of the test phrase, which every local network funds.
const privateKey = process.argv[3] ?? '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'

const provider = new JsonRpcProvider(rpcUrl, undefined, { cacheTimeout: -1 })
provider.pollingInterval = 200
const { split } = await buildDao(console.log)
const { address, contract, gasUsed, newFacets } = await deployDao(split, new Wallet(privateKey, provider))
const there = split.facets.length - newFacets
console.log(`dao       ${address}`)
console.log(`facets    ${split.facets.length}: ${there} were on the chain, ${newFacets} are new`)
console.log(`gas       ${gasUsed}`)
console.log(
  `supply    ${(await contract.getFunction('totalSupply')()) / 10n ** 18n} ${await contract.getFunction('symbol')()}`,
)
console.log(`treasury  ${(await contract.getFunction('balanceOf')(address)) / 10n ** 18n}`)
provider.destroy()
