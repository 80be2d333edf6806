import { existsSync, writeFileSync } from 'node:fs'
import { bytesToHex, hexToBytes, pubToAddress } from '@ethereumjs/util'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { readState } from '../devnet/devnet.ts'
import { NodeError } from '../errors.ts'
import { gasPaceFault } from '../genesis/gas-pace.ts'
import { CREATE2_FACTORY, type GenesisAccount, type GenesisValidator, genesisHash } from '../genesis/genesis.ts'
import { parseGenesis } from '../genesis/parse-genesis.ts'

export interface InitSettings {
  out: string
  name: string
  'chain-id': number
  validators: readonly string[]
  accounts: readonly string[]
  state: string | undefined
  'gas-limit': number
  'round-interval': number
  'any-gas-limit': boolean
  'epoch-rounds': number
  json: boolean
}

const WEI = 10n ** 18n
/** Coins that a validator stakes unless it says otherwise. */
const DEFAULT_STAKE = '1000000'
const ONE_GWEI = '1000000000'

export async function runInit(settings: InitSettings): Promise<void> {
  const { out, name } = settings
  if (existsSync(out)) throw invalid(`${out} is there already; a genesis is never overwritten`)
  if (settings.validators.length === 0) throw invalid('--validators must name at least one validator')
  const paceFault = gasPaceFault(BigInt(settings['gas-limit']), settings['round-interval'])
  if (paceFault && !settings['any-gas-limit']) throw paceFault
  const state = settings.state === undefined ? [] : (readState(settings.state) ?? [])
  const accounts = new Map<string, GenesisAccount>([[CREATE2_FACTORY.address, CREATE2_FACTORY]])
  for (const account of [...state, ...settings.accounts.map(parseAccount)]) accounts.set(account.address, account)
  const text = `${JSON.stringify(
    {
      name,
      chainId: settings['chain-id'],
      timestampMs: Date.now(),
      gasLimit: String(settings['gas-limit']),
      baseFeePerGas: ONE_GWEI,
      epochRounds: settings['epoch-rounds'],
      validators: settings.validators.map(parseValidator),
      accounts: [...accounts.values()],
    },
    null,
    2,
  )}\n`
  const genesis = parseGenesis(text)
  writeFileSync(out, text, { flag: 'wx' })
  const hash = bytesToHex(genesisHash(genesis))
  if (settings.json) console.log(JSON.stringify({ genesis: out, hash, chainId: genesis.chainId }))
  else console.log(`${out}: ${name}, chain ${genesis.chainId}, ${genesis.validators.length} validators, hash ${hash}`)
}

function parseValidator(text: string): GenesisValidator {
  const [publicKey, coins = DEFAULT_STAKE, vrfKey, isogenyKey] = text.split(':')
  if (!/^0x[0-9a-f]{66}$/i.test(publicKey!))
    throw invalid(`"${text}" is not a compressed public key of 33 bytes in hex`)
  const point = secp256k1.Point.fromHex(publicKey!.slice(2)).toBytes(false)
  return {
    address: bytesToHex(pubToAddress(point.subarray(1))),
    publicKey: bytesToHex(hexToBytes(publicKey as `0x${string}`)),
    stake: wei(coins, coins),
    ...(vrfKey ? { vrfKey: vrfKey as `0x${string}` } : {}),
    ...(isogenyKey ? { isogenyKey: isogenyKey as `0x${string}` } : {}),
  }
}

function parseAccount(text: string): GenesisAccount {
  const [address, coins = '0'] = text.split(':')
  if (!/^0x[0-9a-f]{40}$/i.test(address!)) throw invalid(`"${text}" does not begin with an address`)
  return { address: address!.toLowerCase() as `0x${string}`, balance: wei(coins, text) }
}

function wei(coins: string, text: string): string {
  if (!/^\d{1,12}$/.test(coins)) throw invalid(`"${text}" does not end with whole coins`)
  return (BigInt(coins) * WEI).toString()
}

function invalid(message: string): NodeError {
  return new NodeError('NODE_INVALID_ARGUMENT', message)
}
