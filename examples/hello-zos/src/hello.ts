import { Contract, ContractFactory, JsonRpcProvider, Wallet } from 'ethers'
import { createPublicClient, type Hex, http } from 'viem'
import { compile } from './compile.ts'

/** What {@link hello} found out. */
export interface Hello {
  contract: Hex
  greeting: string
  transaction: Hex
  /** The unit that carried the transaction into the ledger. */
  unit: Hex
  height: number
  /** Main-chain index. */
  index: number
  /** Milliseconds from sending to a receipt in a block that the node calls finalized. */
  finalMs: number
}

/** Deploys a greeter with ethers, changes the greeting, reads it back with viem, and asks the ledger where the change stands. */
export async function hello(rpcUrl: string, privateKey: string, greeting: string): Promise<Hello> {
  const { abi, bytecode } = compile('Greeter')
  const provider = new JsonRpcProvider(rpcUrl, undefined, { cacheTimeout: -1 })
  provider.pollingInterval = 50
  try {
    const wallet = new Wallet(privateKey, provider)
    const deployed = await new ContractFactory(abi as never, bytecode, wallet).deploy('hello')
    await deployed.waitForDeployment()
    const contract = (await deployed.getAddress()) as Hex

    const sentAt = performance.now()
    const sent = await new Contract(contract, abi as never, wallet).getFunction('greet')(greeting)
    const receipt = await sent.wait()
    const client = createPublicClient({ transport: http(rpcUrl) })
    while ((await client.getBlock({ blockTag: 'finalized' })).number < receipt.blockNumber)
      await new Promise((resolve) => setTimeout(resolve, 20))
    const finalMs = Math.round(performance.now() - sentAt)

    const read = (await client.readContract({
      address: contract,
      abi: abi as never,
      functionName: 'greeting',
    })) as string
    const place = await provider.send('zos_getTransactionUnit', [sent.hash])
    return {
      contract,
      greeting: read,
      transaction: sent.hash,
      unit: place.unit,
      height: place.height,
      index: place.mci,
      finalMs,
    }
  } finally {
    provider.destroy()
  }
}
