import { bytesToHex, hexToBytes, privateToAddress } from '@ethereumjs/util'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import type { Address } from '@zos/dag'
import {
  type AbiValue,
  CONSENSUS_ADDRESS,
  CONSENSUS_FUNCTIONS,
  decodeAbi,
  encodeAbi,
  provePossession,
  vrfPublicKey,
} from '@zos/zpos'
import { signTransaction } from '../devnet/unsigned-transaction.ts'
import { isNodeError, NodeError } from '../errors.ts'
import { IBC_HOST_ADDRESS } from '../ibc/addresses.ts'
import { encodeRegistration } from '../ibc/vote-key-call.ts'
import { signVoteKey } from '../ibc/vote-keys.ts'
import { isogenyPublicKey, readIsogenyKey } from '../keys/isogeny-key-file.ts'
import { loadPrivateKey } from '../keys/key-file.ts'
import { askPassword } from '../keys/password.ts'
import { rpcCall } from './rpc-call.ts'
import { exportHistory, importHistory } from './signing-history.ts'

export interface ValidatorSettings {
  rpc: string
  key: string | undefined
  'signing-key': string | undefined
  'isogeny-key': string | undefined
  'password-file': string | undefined
  owner: string | undefined
  to: string | undefined
  amount: string | undefined
  commission: number
  genesis: string | undefined
  'data-dir': string | undefined
  file: string | undefined
  json: boolean
}

const WEI_DIGITS = 18
const TIP = 1_000_000_000n
const POLL_MS = 500
/** A transaction that no block holds by then is reported as waiting. */
const RECEIPT_TIMEOUT_MS = 60_000

export async function runValidator(settings: ValidatorSettings, action: string): Promise<void> {
  const print = (answer: Record<string, unknown>) =>
    console.log(
      settings.json
        ? JSON.stringify(answer)
        : Object.entries(answer)
            .map(([name, value]) => `${name.padEnd(14)}${typeof value === 'object' ? JSON.stringify(value) : value}`)
            .join('\n'),
    )
  switch (action) {
    case 'list': {
      const [keys, stakes] = await view(settings.rpc, 'committee')
      const [epoch] = await view(settings.rpc, 'epoch')
      const members = (keys as string[]).map((key, index) => ({ key, stake: coins((stakes as bigint[])[index]!) }))
      if (settings.json) return print({ epoch: String(epoch), members })
      return console.log(
        [`epoch ${epoch}`, ...members.map(({ key, stake }, index) => `(${index}) ${key}  ${stake} ZOS`)].join('\n'),
      )
    }
    case 'show': {
      const [tokens, commissionBps, jailed, tombstoned, key] = await view(
        settings.rpc,
        'candidate',
        need(settings, 'owner'),
      )
      return print({ key, tokens: coins(tokens as bigint), commissionBps: Number(commissionBps), jailed, tombstoned })
    }
    case 'export':
      return print(await exportHistory(historyOf(settings)))
    case 'import':
      return print(await importHistory(historyOf(settings)))
    default:
      return print(await send(settings, action))
  }
}

function historyOf(settings: ValidatorSettings) {
  const signingKey = need(settings, 'signing-key')
  return {
    dataDir: need(settings, 'data-dir'),
    genesis: need(settings, 'genesis'),
    file: need(settings, 'file'),
    publicKey: async () => {
      const key = await loadPrivateKey(signingKey, () => password(settings, signingKey))
      return bytesToHex(secp256k1.getPublicKey(key, true))
    },
  }
}

/** Calls the consensus contract as the owner and waits for the block. */
async function send(settings: ValidatorSettings, action: string): Promise<Record<string, unknown>> {
  const file = need(settings, 'key')
  const key = await loadPrivateKey(file, () => password(settings, file))
  const from = bytesToHex(privateToAddress(key))
  const { to, data, value } = await callOf(settings, action, from as Address)
  const { rpc } = settings
  const call = { from, to, value: `0x${value.toString(16)}`, data }
  // An estimate that fails says why in the contract's own words.
  const gas = BigInt(await rpcCall<string>(rpc, 'eth_estimateGas', call).catch(inContractsWords))
  const [chainId, nonce, block] = await Promise.all([
    rpcCall<string>(rpc, 'eth_chainId'),
    rpcCall<string>(rpc, 'eth_getTransactionCount', from, 'pending'),
    rpcCall<{ baseFeePerGas: string }>(rpc, 'eth_getBlockByNumber', 'latest', false),
  ])
  const raw = signTransaction(
    Number(chainId),
    {
      nonce: BigInt(nonce),
      gasLimit: (gas * 3n) / 2n,
      maxFeePerGas: 2n * BigInt(block.baseFeePerGas) + TIP,
      maxPriorityFeePerGas: TIP,
      to,
      value,
      data: hexToBytes(data),
    },
    key,
  )
  const transaction = await rpcCall<string>(rpc, 'eth_sendRawTransaction', bytesToHex(raw))
  const end = Date.now() + RECEIPT_TIMEOUT_MS
  while (Date.now() < end) {
    const receipt = await rpcCall<{ status: string; blockNumber: string } | null>(
      rpc,
      'eth_getTransactionReceipt',
      transaction,
    )
    if (receipt?.status === '0x0')
      throw new NodeError('NODE_RPC_REFUSED', `${transaction} failed in block ${Number(receipt.blockNumber)}`)
    if (receipt) return { transaction, block: Number(receipt.blockNumber) }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  return { transaction, block: 'not yet' }
}

/** `Refused(string)` of the consensus contract as the reason that it gives. */
function inContractsWords(error: unknown): never {
  const data = isNodeError(error, 'NODE_RPC_REFUSED') ? error.context.data : undefined
  if (typeof data !== 'string' || data.length < 10) throw error
  const [reason] = decodeAbi(['string'], hexToBytes(`0x${data.slice(10)}`)) ?? []
  if (typeof reason !== 'string') throw error
  throw new NodeError('NODE_RPC_REFUSED', `the consensus contract refuses: ${reason}`, { reason }, { cause: error })
}

async function callOf(
  settings: ValidatorSettings,
  action: string,
  owner: Address,
): Promise<{ to: `0x${string}`; data: `0x${string}`; value: bigint }> {
  if (action === 'vote-key') return voteKeyCall(settings)
  const { name, args, value } = await consensusCall(settings, action, owner)
  return { to: CONSENSUS_ADDRESS as `0x${string}`, data: encodeCall(name, args), value }
}

/** The vote key of the signing key, with the next sequence. */
async function voteKeyCall(settings: ValidatorSettings) {
  const signing = await signingKey(settings)
  const { chainId } = await rpcCall<{ chainId: string }>(settings.rpc, 'zos_ibcStatus')
  const address = bytesToHex(privateToAddress(signing))
  const before = await rpcCall<{ sequence: string } | null>(settings.rpc, 'zos_ibcVoteKey', address)
  const sequence = BigInt(before?.sequence ?? 0) + 1n
  return { to: IBC_HOST_ADDRESS, data: encodeRegistration(signVoteKey(chainId, signing, sequence)), value: 0n }
}

async function signingKey(settings: ValidatorSettings): Promise<Uint8Array> {
  const file = need(settings, 'signing-key')
  return loadPrivateKey(file, () => password(settings, file))
}

async function consensusCall(
  settings: ValidatorSettings,
  action: string,
  owner: Address,
): Promise<{ name: string; args: AbiValue[]; value: bigint }> {
  switch (action) {
    case 'register': {
      const signing = await signingKey(settings)
      const publicKey = bytesToHex(secp256k1.getPublicKey(signing, true))
      const possession = bytesToHex(provePossession(signing, owner))
      const args = [
        publicKey,
        possession,
        bytesToHex(vrfPublicKey(signing)),
        settings['isogeny-key'] ? bytesToHex(isogenyPublicKey(readIsogenyKey(settings['isogeny-key']))) : '0x',
        BigInt(settings.commission),
      ]
      return { name: 'register', args, value: wei(need(settings, 'amount')) }
    }
    case 'set-isogeny-key':
      return {
        name: 'setIsogenyKey',
        args: [bytesToHex(isogenyPublicKey(readIsogenyKey(need(settings, 'isogeny-key'))))],
        value: 0n,
      }
    case 'delegate':
      return { name: 'delegate', args: [need(settings, 'to')], value: wei(need(settings, 'amount')) }
    case 'unbond':
      return { name: 'unbond', args: [need(settings, 'to'), wei(need(settings, 'amount'))], value: 0n }
    case 'claim':
      return { name: 'claim', args: [need(settings, 'to')], value: 0n }
    default:
      return { name: action, args: [], value: 0n }
  }
}

function functionOf(name: string) {
  return [...CONSENSUS_FUNCTIONS.values()].find((one) => one.name === name)!
}

function encodeCall(name: string, args: readonly AbiValue[]): `0x${string}` {
  const method = functionOf(name)
  return `0x${method.selector}${bytesToHex(encodeAbi(method.inputs, args)).slice(2)}`
}

async function view(rpc: string, name: string, ...args: AbiValue[]): Promise<readonly AbiValue[]> {
  const answer = await rpcCall<`0x${string}`>(
    rpc,
    'eth_call',
    { to: CONSENSUS_ADDRESS, data: encodeCall(name, args) },
    'latest',
  )
  const values = decodeAbi(functionOf(name).outputs, hexToBytes(answer))
  if (!values)
    throw new NodeError('NODE_RPC_REFUSED', `${name} answered what does not decode; is there a consensus contract?`)
  return values
}

function need(settings: ValidatorSettings, name: keyof ValidatorSettings): string {
  const value = settings[name]
  if (typeof value === 'string') return value
  throw new NodeError('NODE_INVALID_ARGUMENT', `--${name} is needed`, { setting: name })
}

function password(settings: ValidatorSettings, file: string): Promise<string> {
  return askPassword(`Password of ${file}: `, settings['password-file'])
}

function wei(amount: string): bigint {
  const match = /^(\d{1,12})(?:\.(\d{1,18}))?$/.exec(amount)
  if (!match)
    throw new NodeError('NODE_INVALID_ARGUMENT', `--amount must be coins such as 1000 or 0.5, not "${amount}"`)
  return BigInt(match[1]! + (match[2] ?? '').padEnd(WEI_DIGITS, '0'))
}

function coins(amount: bigint): string {
  const digits = amount.toString().padStart(WEI_DIGITS + 1, '0')
  const fraction = digits.slice(-WEI_DIGITS).replace(/0+$/, '')
  return digits.slice(0, -WEI_DIGITS) + (fraction ? `.${fraction}` : '')
}
