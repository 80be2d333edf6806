// Run a network first: `npx -y pnpm@12 start` in the root of the repository. Then: node src/main.ts [RPC_URL] [PORT]
import { HDNodeWallet, JsonRpcProvider } from 'ethers'
import { buildWorld } from './build.ts'
import { deployWorld } from './deploy.ts'
import { bundlePage, servePage } from './page.ts'

const rpcUrl = process.argv[2] ?? 'http://127.0.0.1:8545'
const port = Number(process.argv[3] ?? 8600)
// The test phrase, which every local network funds. Everybody knows its keys.
const PHRASE = 'test test test test test test test test test test test junk'
const players = [0, 1, 2, 3].map((index) => HDNodeWallet.fromPhrase(PHRASE, undefined, `m/44'/60'/0'/0/${index}`))

const provider = new JsonRpcProvider(rpcUrl, undefined, { cacheTimeout: -1 })
provider.pollingInterval = 200
const { split } = await buildWorld(console.log)
const { address, gasUsed, newFacets } = await deployWorld(split, players[0]!.connect(provider), console.log)
provider.destroy()
console.log(`facets   ${split.facets.length}, ${newFacets} of them new`)
console.log(`gas      ${gasUsed}`)

// The storyteller is not for playing: the page offers the others.
const keys = players.slice(1).map(({ privateKey }) => privateKey as `0x${string}`)
const { url } = await servePage(await bundlePage({ rpcUrl, world: address, keys }), port)
console.log(`play at  ${url}`)
