// Run a network first: `npx -y pnpm@12 start` in the root of the repository. Then: node src/main.ts [RPC_URL]
import { createRpcProvider, type Hex } from '@zos/rain-storage/market'
import { formatEther, JsonRpcProvider } from 'ethers'
import { deployMarket } from './deploy.ts'
import { keepFile } from './keep-file.ts'

// The network signs for its own accounts.
const url = process.argv[2] ?? 'http://127.0.0.1:8545'
const chain = createRpcProvider({ url, fetch })
const accounts = (await chain.request({ method: 'eth_accounts' })) as Hex[]
const provider = new JsonRpcProvider(url, undefined, { cacheTimeout: -1 })
provider.pollingInterval = 200
console.log('compiling, a minute the first time')
const address = await deployMarket(await provider.getSigner(accounts[0]!))
provider.destroy()
console.log(`market      ${address}`)
const [, client, ...providers] = accounts
const kept = await keepFile({
  chain,
  address,
  client: client!,
  providers: providers.slice(0, 3) as unknown as [Hex, Hex, Hex],
  async passTime(seconds) {
    await chain.request({ method: 'evm_increaseTime', params: [seconds] })
    await chain.request({ method: 'evm_mine' })
  },
  onProgress: console.log,
})
console.log(`proved      ${kept.proved} windows
missed      ${kept.missed} windows, which ended ${kept.failed} deal
the file    ${kept.whole ? 'is whole' : 'is lost'}
slashed     ${formatEther(kept.slashed)} coins
left        ${kept.left}`)
