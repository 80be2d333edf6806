// Run a network first: `npx -y pnpm@12 start` in the root of the repository.
import { hello } from './hello.ts'

const rpcUrl = process.argv[2] ?? 'http://127.0.0.1:8545'
// The first account of the test phrase, which every local network funds.
const privateKey = process.argv[3] ?? '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'

const result = await hello(rpcUrl, privateKey, 'hello from ZOS')
console.log(`contract     ${result.contract}
greeting     ${result.greeting}
transaction  ${result.transaction}
unit         ${result.unit}
height       ${result.height}
index        ${result.index}
final after  ${result.finalMs} ms`)
