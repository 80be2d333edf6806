/** The flags that all commands of the market have, and the market that they name. */
import { setTimeout } from 'node:timers/promises'
import { StorageError } from '../../errors.ts'
import { addressWord, type Hex } from '../../market/abi.ts'
import type { Eip1193Port, MarketClock } from '../../market/chain.ts'
import { createRpcProvider } from '../../market/json-rpc.ts'
import { COIN, createStorageMarket, type StorageMarket } from '../../market/market.ts'
import { createSigner } from '../../market/signer.ts'
import { homeFolder } from '../home.ts'
import { accountNamed, addressInFile, passwordFor, readKey } from './account.ts'
import { type DealReader, type MarketSettings, readMarketSettings } from './files.ts'

/** Of all commands of the market. */
export const marketFlags = {
  rpc: { type: 'string', description: 'JSON-RPC of a node (default: what "market use" kept)' },
  contract: { type: 'string', description: 'address of the market (default: what "market use" kept)' },
  home: { type: 'string', description: 'folder (default ~/.zos-store)' },
} as const

/** Of those for which it counts who calls. */
export const accountFlags = {
  account: {
    type: 'string',
    description: 'key file of mode 0600 (hex or key store), or an address that the node signs for',
  },
} as const

/** Of those that send transactions. */
export const signingFlags = {
  ...accountFlags,
  'password-file': { type: 'string', description: 'file with the password; otherwise ZOS_PASSWORD, or asked' },
} as const

/** The parsed {@link marketFlags} and those beside them. */
export interface MarketArguments {
  readonly rpc?: string | undefined
  readonly contract?: string | undefined
  readonly home?: string | undefined
  readonly account?: string | undefined
  readonly 'password-file'?: string | undefined
}

/** Between two looks for a receipt. */
const RECEIPT_POLL_MS = 250

/** The system's timers. */
export const systemClock: MarketClock = { sleep: (ms, signal) => setTimeout(ms, undefined, { signal }) }

/** A market that was reached. */
export interface Connection {
  readonly home: string
  readonly market: StorageMarket
  readonly provider: Eip1193Port
  readonly contract: Hex
  readonly chainId: bigint
  /** Under which name progress is kept. */
  reader(role: DealReader['role']): DealReader
}

/** Reaches the market for reading, as nobody. @throws StorageError */
export function openForReading(args: MarketArguments): Promise<Connection> {
  return connect(args, async (provider) => ({ provider, account: COIN }))
}

/** Reaches the market for reading as the account of `--account` or the settings; no password is asked for. @throws StorageError */
export function openAsAccount(args: MarketArguments): Promise<Connection> {
  return connect(args, async (provider, settings) => {
    const named = accountNamed(neededAccount(args, settings))
    return { provider, account: 'address' in named ? named.address : await addressInFile(named.file) }
  })
}

/** Reaches the market with an account that signs. @throws StorageError */
export function openForSigning(args: MarketArguments): Promise<Connection> {
  return connect(args, async (provider, settings, chainId) => {
    const named = accountNamed(neededAccount(args, settings))
    if ('address' in named) return { provider, account: named.address }
    const secretKey = await readKey(named.file, () => passwordFor(named.file, args['password-file']))
    const signer = createSigner({ provider, secretKey, chainId })
    return { provider: signer, account: signer.account }
  })
}

type Sign = (
  provider: Eip1193Port,
  settings: MarketSettings | undefined,
  chainId: bigint,
) => Promise<{ provider: Eip1193Port; account: Hex }>

async function connect(args: MarketArguments, sign: Sign): Promise<Connection> {
  const home = homeFolder(args.home)
  const settings = await readMarketSettings(home)
  const rpc = args.rpc ?? settings?.rpc
  const contract = (args.contract ?? settings?.contract)?.toLowerCase()
  if (rpc === undefined || contract === undefined)
    throw new StorageError(
      'STORAGE_INVALID_ARGUMENT',
      'Where is the market? "zos-store market use --rpc URL --contract 0x…" keeps it',
    )
  addressWord(contract)
  const node = createRpcProvider({ url: rpc, fetch })
  const chainId = await chainIdOf(node)
  // A key signs for one chain: that of the node that was trusted when it was named.
  if (args.contract === undefined && settings !== undefined && BigInt(settings.chainId) !== chainId)
    throw new StorageError(
      'STORAGE_INVALID_ARGUMENT',
      `${rpc} is a node of chain ${chainId} now, not of ${settings.chainId}: run "zos-store market use" again if that is meant`,
    )
  const { provider, account } = await sign(node, settings, chainId)
  const address = contract as Hex
  const market = createStorageMarket({ provider, address, account, clock: systemClock, pollMs: RECEIPT_POLL_MS })
  return {
    home,
    market,
    provider,
    contract: contract as Hex,
    chainId,
    reader: (role) => ({ role, chainId, contract: contract as Hex, account }),
  }
}

/** The chain of a node. @throws StorageError `STORAGE_UNAVAILABLE` */
export async function chainIdOf(provider: Eip1193Port): Promise<bigint> {
  return BigInt(String(await provider.request({ method: 'eth_chainId' })))
}

function neededAccount(args: MarketArguments, settings: MarketSettings | undefined): string {
  const account = args.account ?? settings?.account
  if (account === undefined)
    throw new StorageError(
      'STORAGE_INVALID_ARGUMENT',
      'Which account? --account FILE or --account 0x…; "zos-store market use --account …" keeps it',
    )
  return account
}
