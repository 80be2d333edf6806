import { DEVNET_CHAIN_ID, deriveAccounts, TEST_MNEMONIC } from '@zos/node'
import { getCreateAddress, Interface, JsonRpcProvider, Wallet } from 'ethers'
import { compileToken } from '../../test/e2e/contracts/token.ts'
import type { Content } from './load.ts'
import type { RpcServer } from './servers.ts'

const ACCOUNTS = 10
const EACH = 5n
/** Transfers of the token beyond those that fund the accounts: all emit a log. */
const MORE_TRANSFERS = 10

const FEES = {
  type: 2,
  chainId: DEVNET_CHAIN_ID,
  gasLimit: 2_000_000n,
  maxFeePerGas: 100_000_000_000n,
  maxPriorityFeePerGas: 1_000_000_000n,
}
/** Blocks that a query for logs goes through; nearly all without transfers. */
const SPAN = 10

/** A token, an equal balance of it for each account, and some transfers more, in as few blocks as it takes; then empty blocks. */
export async function prepare({ url, mine }: RpcServer): Promise<Content> {
  const provider = new JsonRpcProvider(url, undefined, { cacheTimeout: -1, pollingInterval: 50 })
  const [first, ...others] = deriveAccounts(TEST_MNEMONIC, ACCOUNTS)
  const wallet = new Wallet(`0x${Buffer.from(first!.privateKey).toString('hex')}`)
  const token = getCreateAddress({ from: wallet.address, nonce: 0 })
  const { abi, bytecode } = compileToken()
  const transfer = (to: string, amount: bigint) => ({
    to: token,
    data: new Interface(abi).encodeFunctionData('transfer', [to, amount]),
  })
  const transactions = [
    { data: bytecode },
    ...others.map(({ address }) => transfer(address, EACH)),
    // From and to itself nothing changes, and there is a log.
    ...Array.from({ length: MORE_TRANSFERS }, () => transfer(wallet.address, 1n)),
  ]
  const signed = transactions.map((one, nonce) => wallet.signTransaction({ ...one, ...FEES, nonce }))
  // All in one request, and so in one block or two.
  const sent = await Promise.all(signed.map(async (raw) => provider.broadcastTransaction(await raw)))
  await mine?.(1)
  const receipts = await Promise.all(sent.map((one) => provider.waitForTransaction(one.hash)))
  if (receipts.some((receipt) => receipt?.status !== 1)) throw new Error(`${url} did not run all transactions`)
  const firstBlock = Math.min(...receipts.map((receipt) => receipt!.blockNumber))
  const lastBlock = firstBlock + SPAN - 1
  await mine?.(SPAN)
  while ((await provider.getBlockNumber()) < lastBlock) await new Promise((resolve) => setTimeout(resolve, 100))
  const { length } = await provider.getLogs({ address: token, fromBlock: firstBlock, toBlock: lastBlock })
  if (length !== receipts.length) throw new Error(`${url} has ${length} logs of ${receipts.length} transactions`)
  provider.destroy()
  return {
    accounts: others.map(({ address }) => address),
    token,
    firstBlock,
    lastBlock,
    logs: length,
    tokenBalance: `0x${EACH.toString(16).padStart(64, '0')}`,
  }
}
