/**
 * The methods of development networks that tests and tools know from Hardhat, anvil and ganache. Every change goes through a unit, so
 * all validators make it; what would be a pretence on a ledger that is never reorganised is refused (docs/devnet.md has the list).
 */
import { gunzipSync, gzipSync } from 'node:zlib'
import { bytesToHex } from '@ethereumjs/util'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak256 } from '@zos/pipeline/hash'
import { type DevControl, refused } from '../../devnet/dev-control.ts'
import type { DevOperation } from '../../devnet/operations.ts'
import { impersonatingTransaction, signTransaction, type TransactionFields } from '../../devnet/unsigned-transaction.ts'
import { isNodeError } from '../../errors.ts'
import { nextBaseFee } from '../../execution/header.ts'
import type { GenesisAccount } from '../../genesis/genesis.ts'
import type { AddressHex, Hash } from '../../state/account.ts'
import type { RpcContext, RpcMethod } from '../context.ts'
import { quantity } from '../format.ts'
import { addressParam, callParam, dataParam, hashParam, quantityParam, slotParam } from '../params.ts'
import { invalidParams, RpcCode, RpcError } from '../rpc-error.ts'
import { CLIENT_VERSION } from './network.ts'
import { stateMethods } from './state.ts'

/** Wei that `zos_dev_faucet` gives unless it is told otherwise. */
const FAUCET_WEI = 100n * 10n ** 18n
const MAX_FAUCET_WEI = 10_000n * 10n ** 18n
const TIP = 1_000_000_000n
/** A state that is loaded over JSON-RPC, unpacked. */
const MAX_LOADED_BYTES = 8 * 1024 * 1024

type DevMethod = (params: readonly unknown[], context: RpcContext, dev: DevControl) => unknown

const setBalance: DevMethod = async ([address, value], _, dev) => {
  await dev.apply({ type: 'balance', address: addressParam(address, 'address'), value: amount(value, 'balance') })
  return true
}
const setNonce: DevMethod = async ([address, value], _, dev) => {
  await dev.apply({ type: 'nonce', address: addressParam(address, 'address'), value: amount(value, 'nonce') })
  return true
}
const setCode: DevMethod = async ([address, code], _, dev) => {
  await dev.apply({ type: 'code', address: addressParam(address, 'address'), code: dataParam(code, 'code') })
  return true
}
const setStorageAt: DevMethod = async ([address, slot, value], _, dev) => {
  await dev.apply({
    type: 'storage',
    address: addressParam(address, 'address'),
    slot: slotParam(slot, 'slot'),
    value: dataParam(slotParam(value, 'value'), 'value'),
  })
  return true
}
const increaseTime: DevMethod = async ([seconds], _, dev) => {
  const offset = await dev.apply({ type: 'passTime', seconds: amount(seconds, 'seconds') })
  return Number(offset)
}
const setNextTimestamp: DevMethod = ([value], { chain }, dev) => {
  const timestamp = amount(value, 'timestamp')
  const { header } = chain.head!
  if (timestamp < BigInt(header.timestamp))
    throw invalidParams(`the newest block is at ${header.timestamp}; time does not go back`)
  dev.setNext({ type: 'timestamp', value: timestamp })
  return null
}
const setTime: DevMethod = async ([value], _, dev) => {
  // Ganache takes milliseconds, others seconds.
  const given = amount(value, 'time')
  await dev.apply({ type: 'timestamp', value: given > 100_000_000_000n ? given / 1000n : given })
  return null
}
const snapshot: DevMethod = async (_, __, dev) => quantity((await dev.apply({ type: 'snapshot' }))!)
const revert: DevMethod = async ([id], _, dev) =>
  (await dev.apply({ type: 'revert', snapshot: amount(id, 'snapshot') })) === 1n
const mine: DevMethod = async ([blocks, interval], _, dev) => {
  const count = blocks === undefined || blocks === null ? 1 : Number(amount(blocks, 'blocks'))
  const seconds = interval === undefined || interval === null ? 0n : amount(interval, 'interval')
  if (count > 1 && seconds > 0n) await dev.apply({ type: 'passTime', seconds: seconds * BigInt(count - 1) })
  await dev.mine(count)
  return null
}
const evmMine: DevMethod = async ([option], context, dev) => {
  const { timestamp, blocks } =
    typeof option === 'object' && option !== null
      ? (option as { timestamp?: unknown; blocks?: unknown })
      : { timestamp: option, blocks: undefined }
  if (timestamp !== undefined && timestamp !== null) setNextTimestamp([timestamp], context, dev)
  await dev.mine(blocks === undefined || blocks === null ? 1 : Number(amount(blocks, 'blocks')))
  return '0x0'
}
const setNextBaseFee: DevMethod = ([value], _, dev) => {
  dev.setNext({ type: 'baseFee', value: amount(value, 'baseFee') })
  return null
}
const setPrevRandao: DevMethod = ([value], _, dev) => {
  dev.setNext({ type: 'prevRandao', value: hashParam(value, 'prevRandao') })
  return null
}
const impersonate: DevMethod = ([address], _, dev) => {
  dev.impersonated.add(addressParam(address, 'address'))
  return true
}
const stopImpersonating: DevMethod = ([address], _, dev) => dev.impersonated.delete(addressParam(address, 'address'))
const metadata: DevMethod = (_, { genesis, chain }) => ({
  clientVersion: CLIENT_VERSION,
  chainId: genesis.chainId,
  latestBlockNumber: chain.head!.header.number,
  latestBlockHash: chain.head!.hash,
})
const dropAll: DevMethod = (_, { mempool }) => {
  mempool.clear()
  return null
}

/** A transaction of an account whose key the network has, or that is impersonated. */
const sendTransaction: DevMethod = async ([value], context, dev) => {
  const call = callParam(value)
  const { from } = call
  const account = dev.options.accounts.find(({ address }) => address === from)
  if (!account && !dev.mayImpersonate(from))
    throw new RpcError(RpcCode.rejected, `unknown account ${from}: impersonate it first, or send a signed transaction`)
  const fields = await fill(context, value as Record<string, unknown>, call)
  const { chainId } = context.genesis
  if (account) return submit(context, signTransaction(chainId, fields, account.privateKey))
  const raw = impersonatingTransaction(chainId, fields, from)
  await dev.apply({ type: 'transaction', sender: from, raw })
  return bytesToHex(keccak256(raw))
}

const sign: DevMethod = ([address, message], _, { options }) => {
  const from = addressParam(address, 'address')
  const account = options.accounts.find((one) => one.address === from)
  if (!account) throw new RpcError(RpcCode.rejected, `unknown account ${from}`)
  const bytes = dataParam(message, 'message')
  const text = new TextEncoder().encode(`\x19Ethereum Signed Message:\n${bytes.length}`)
  const signature = secp256k1.sign(keccak256(Buffer.concat([text, bytes])), account.privateKey, {
    prehash: false,
    format: 'recovered',
  })
  // recovery id first here, v = 27 or 28 last there
  return bytesToHex(Uint8Array.of(...signature.subarray(1), 27 + signature[0]!))
}

const faucet: DevMethod = async ([address, wei], context, { options }) => {
  if (!options.faucet) throw refused('this network has no faucet')
  const value = wei === undefined || wei === null ? FAUCET_WEI : amount(wei, 'wei')
  if (value > MAX_FAUCET_WEI) throw invalidParams(`the faucet gives at most ${MAX_FAUCET_WEI} wei at once`)
  const to = addressParam(address, 'address')
  const call = { from: options.faucet.address, to, value, data: new Uint8Array(), gasLimit: 0n }
  const fields = await fill(context, { from: call.from, to, value: quantity(value) }, call)
  return submit(context, signTransaction(context.genesis.chainId, fields, options.faucet.privateKey))
}

const dumpState: DevMethod = async (_, context) => {
  const accounts = await context.dumpState()
  return bytesToHex(gzipSync(JSON.stringify({ accounts })))
}

const loadState: DevMethod = async ([packed], _, dev) => {
  let accounts: GenesisAccount[]
  try {
    const text = gunzipSync(dataParam(packed, 'state'), { maxOutputLength: MAX_LOADED_BYTES }).toString()
    accounts = JSON.parse(text).accounts
    if (!Array.isArray(accounts)) throw new Error('no accounts')
  } catch (error) {
    if (error instanceof RpcError) throw error
    throw invalidParams(`the state is not one that anvil_dumpState gave: ${(error as Error).message}`)
  }
  const operations = accounts.flatMap(operationsOf)
  for (let from = 0; from < operations.length; from += 500) await dev.apply(...operations.slice(from, from + 500))
  return true
}

const setLinks: DevMethod = async ([links], _, { options }) => {
  if (!options.setLinks) throw refused('the links of this network cannot be changed')
  if (typeof links !== 'object' || links === null) throw invalidParams('the links must be an object')
  await options.setLinks(links)
  return true
}

const unsupported =
  (why: string): DevMethod =>
  () => {
    throw refused(why)
  }

const METHODS: Record<string, DevMethod> = {
  eth_accounts: (_, __, { options, impersonated }) => [
    ...options.accounts.map(({ address }) => address),
    ...impersonated,
  ],
  eth_sendTransaction: sendTransaction,
  eth_sign: sign,
  personal_sign: ([message, address], context, dev) => sign([address, message], context, dev),
  evm_snapshot: snapshot,
  evm_revert: revert,
  evm_increaseTime: increaseTime,
  evm_setNextBlockTimestamp: setNextTimestamp,
  evm_setTime: setTime,
  evm_mine: evmMine,
  evm_setAccountBalance: setBalance,
  evm_setAccountNonce: setNonce,
  evm_setAccountCode: setCode,
  evm_setAccountStorageAt: setStorageAt,
  evm_setAutomine: ([on]) => {
    if (on === true) return true // one validator alone answers at once, several at their pace
    throw refused('validators go on making blocks; leave automine on')
  },
  evm_setIntervalMining: unsupported('the pace of blocks is set when the network starts (--block-time)'),
  evm_setBlockGasLimit: unsupported('the gas limit of blocks is part of the genesis'),
  zos_dev_faucet: faucet,
  zos_dev_setLinks: setLinks,
}

const TOOL_METHODS: Record<string, DevMethod> = {
  setBalance,
  setNonce,
  setCode,
  setStorageAt,
  mine,
  impersonateAccount: impersonate,
  stopImpersonatingAccount: stopImpersonating,
  autoImpersonateAccount: ([on], _, dev) => {
    dev.autoImpersonate = on === true
    return true
  },
  setNextBlockBaseFeePerGas: setNextBaseFee,
  setPrevRandao,
  getAutomine: (_, __, { options }) => options.alone,
  metadata,
  dropAllTransactions: dropAll,
  dumpState,
  loadState,
  reset: unsupported('what is final cannot be unmade; take a snapshot and revert, or start with --reset'),
  setCoinbase: unsupported('fees go to the author of the leader unit'),
  setLoggingEnabled: () => true,
}

/** `hardhat_` and `anvil_` before each of the tools' methods. */
export function createDevMethods(dev: DevControl): Record<string, RpcMethod> {
  const methods = Object.entries({
    ...METHODS,
    ...Object.fromEntries(
      Object.entries(TOOL_METHODS).flatMap(([name, method]) => [
        [`hardhat_${name}`, method],
        [`anvil_${name}`, method],
      ]),
    ),
  })
  return Object.fromEntries(
    methods.map(([name, method]): [string, RpcMethod] => [
      name,
      async (params, context) => {
        try {
          return await method(params, context, dev)
        } catch (error) {
          if (isNodeError(error, 'NODE_DEVNET_REFUSED'))
            throw new RpcError(RpcCode.rejected, error.message, { code: error.code })
          throw error
        }
      },
    ]),
  )
}

/** Tools send amounts as hex quantities, as hex with leading zeros, or as numbers. */
function amount(value: unknown, name: string): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value)
  if (typeof value === 'string' && /^(0x[0-9a-fA-F]{1,64}|\d{1,78})$/.test(value)) return BigInt(value)
  throw invalidParams(`${name} must be a number or a hex quantity`)
}

function operationsOf({ address, balance, nonce, code, storage }: GenesisAccount): DevOperation[] {
  const target = addressParam(address, 'account') as AddressHex
  return [
    { type: 'balance', address: target, value: amount(balance, 'balance') },
    ...(nonce === undefined ? [] : [{ type: 'nonce' as const, address: target, value: amount(nonce, 'nonce') }]),
    ...(code === undefined ? [] : [{ type: 'code' as const, address: target, code: dataParam(code, 'code') }]),
    ...Object.entries(storage ?? {}).map(([slot, word]) => ({
      type: 'storage' as const,
      address: target,
      slot: hashParam(slot, 'slot') as Hash,
      value: dataParam(word, 'value'),
    })),
  ]
}

async function fill(
  context: RpcContext,
  given: Record<string, unknown>,
  call: ReturnType<typeof callParam>,
): Promise<TransactionFields> {
  const optional = (name: string) =>
    given[name] === undefined || given[name] === null ? undefined : quantityParam(given[name], name)
  const baseFee = context.dev?.nextBaseFee ?? nextBaseFee(context.chain.head!.header)
  const price = optional('gasPrice')
  const tip = price ?? optional('maxPriorityFeePerGas') ?? TIP
  const gas = optional('gas') ?? BigInt((await stateMethods.eth_estimateGas!([given, 'latest'], context)) as string)
  return {
    nonce: optional('nonce') ?? context.mempool.pendingNonce(call.from),
    gasLimit: gas,
    maxFeePerGas: price ?? optional('maxFeePerGas') ?? 2n * baseFee + tip,
    maxPriorityFeePerGas: tip,
    to: call.to,
    value: call.value,
    data: call.data,
    ...(call.accessList ? { accessList: call.accessList } : {}),
  }
}

async function submit({ intake }: RpcContext, raw: Uint8Array): Promise<Hash> {
  const result = await intake.submit(raw)
  if (typeof result === 'string') return result
  throw new RpcError(RpcCode.rejected, result.message)
}
