/** The world as the page sees it: reads and actions over the node's JSON-RPC, signed here with the chosen key. */
import {
  BaseError,
  type ContractFunctionArgs,
  type ContractFunctionName,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  type Hex,
  hexToString,
  http,
  type ReadContractReturnType,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { WORLD_ABI } from './abi.ts'

type ReadName = ContractFunctionName<typeof WORLD_ABI, 'view'>
type WriteName = ContractFunctionName<typeof WORLD_ABI, 'nonpayable'>
type Read<Name extends ReadName> = ReadContractReturnType<typeof WORLD_ABI, Name>

export type World = Awaited<ReturnType<typeof connectWorld>>

/** Connects to the node at `rpcUrl`. Errors: viem's, when nobody answers there. */
export async function connectWorld(rpcUrl: string, address: Hex, key: Hex) {
  const transport = http(rpcUrl, { timeout: 60_000 })
  const chainId = await createPublicClient({ transport }).getChainId()
  const chain = defineChain({
    id: chainId,
    name: 'ZOS',
    nativeCurrency: { name: 'ZOS', symbol: 'ZOS', decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl] } },
  })
  const account = privateKeyToAccount(key)
  const client = createPublicClient({ chain, transport, pollingInterval: 250 })
  const wallet = createWalletClient({ account, chain, transport })
  const contract = { address, abi: WORLD_ABI } as const
  return {
    address,
    player: account.address,
    blockNumber: () => client.getBlockNumber({ cacheTime: 0 }),
    read<Name extends ReadName>(functionName: Name, args: ContractFunctionArgs<typeof WORLD_ABI, 'view', Name>) {
      return client.readContract({ ...contract, functionName, args } as never) as Promise<Read<Name>>
    },
    /** Sends an action and waits until it stands in a block. Errors: an `Error` with the reason in words. */
    async act<Name extends WriteName>(
      functionName: Name,
      args: ContractFunctionArgs<typeof WORLD_ABI, 'nonpayable', Name>,
    ) {
      try {
        const call = { ...contract, functionName, args, account } as never
        // Half as much again: what a block in between changes must not run it out of gas.
        const gas = ((await client.estimateContractGas(call)) * 3n) / 2n
        const hash = await wallet.writeContract({ ...(call as object), gas, chain } as never)
        const receipt = await client.waitForTransactionReceipt({ hash })
        if (receipt.status !== 'success') throw new Error(`${functionName} was reverted`)
        return receipt
      } catch (error) {
        throw new Error(reasonOf(error), { cause: error })
      }
    },
  }
}

/** Why the world refused, for a person. */
function reasonOf(error: unknown): string {
  if (!(error instanceof BaseError)) return String((error as Error).message ?? error)
  const reverted = error.walk((one) => one instanceof ContractFunctionRevertedError)
  if (!(reverted instanceof ContractFunctionRevertedError) || !reverted.data) return error.shortMessage
  const { errorName, args = [] } = reverted.data
  const say = SENTENCES[errorName]
  return say ? say(args as readonly never[]) : `${errorName}(${args.join(', ')})`
}

const SENTENCES: Record<string, (args: readonly never[]) => string> = {
  TooTired: ([energy, needed]) => `Too tired: ${needed} energy is needed, you have ${energy}. Eat bread or wait.`,
  NothingRipe: () => 'Nothing is ripe yet: a building makes something each minute.',
  TooEarly: () => 'It is too early for that.',
  NameTaken: () => 'Another hero has that name.',
  ParcelTaken: () => 'This parcel belongs to somebody.',
  CannotBuild: () => 'That cannot stand here.',
  NotHurt: () => 'You are in good health.',
  Wounded: ([health]) => `With ${health} health you had better rest first.`,
  NotHere: () => 'You have to be there.',
  PriceMoved: () => 'The price has changed.',
  TooManyQuests: () => 'Five quests at a time are enough.',
  SkillTooLow: ([skill, needed]) => `That takes a skill of ${needed}; yours is ${skill}.`,
  ListingGone: () => 'It is sold.',
  RevealTooEarly: () => 'Wait for the next block.',
  RevealTooLate: () => 'You waited too long: the trail is cold.',
  ERC20InsufficientBalance: () => 'You have not enough gold.',
  ERC1155InsufficientBalance: () => 'You do not have what that takes.',
}

/** The text of a bytes32. */
export const textOf = (value: Hex) => hexToString(value, { size: 32 }).replace(/\0+$/, '')

/** Gold with at most two decimals. */
export function gold(amount: bigint): string {
  const cents = (amount * 100n) / 10n ** 18n
  const rest = cents % 100n
  return `${cents / 100n}${rest ? `.${String(rest).padStart(2, '0').replace(/0$/, '')}` : ''}`
}
