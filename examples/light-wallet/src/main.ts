// Serves the wallet for a local network. Usage: node src/main.ts [NETWORK_FILE] [PORT]
import { startLiar } from './liar.ts'
import { readNetwork } from './network.ts'
import { bundlePage, servePage } from './page.ts'

const { chain, validators, accounts } = readNetwork(process.argv[2] ?? 'network.json')
const [first, ...honest] = validators.map(({ rpcUrl }) => rpcUrl)
const liar = await startLiar(first!)
const page = await bundlePage({
  chain,
  sources: [liar.url, ...honest],
  keys: accounts.map(({ privateKey }) => privateKey),
})
const { url } = await servePage(page, Number(process.argv[3] ?? 8700))
console.log(`wallet   ${url}`)
console.log(`liar     ${liar.url} adds a million coins to every balance; watch what becomes of it`)
