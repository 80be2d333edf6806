// A bank that executes ERC-20 transfers through @ethereumjs/evm: the library EVM, no Merkle tree. The token is hand-assembled (balances
// in the mapping at slot 0, Transfer event, no allowance), so that nothing but the transfer is measured.
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM } from '@ethereumjs/evm'
import { Account, Address } from '@ethereumjs/util'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { reject } from '@zos/pipeline'
import { Accounts } from '@zos/pipeline/bank'
import type { BankStage, VerifiedTx } from '@zos/pipeline/tpu'
import { FlatState } from './flat-state.ts'

export const TOKEN = new Uint8Array(20).fill(0xee)
const TRANSFER_EVENT = 'ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
/** Runtime code of the token. */
export const TOKEN_CODE = Buffer.from(
  [
    '335f5260405f208054', // slot of the caller, its balance
    '602435', // amount
    '8082106057', // less than the amount?
    '578091039091', // new balance
    '55',
    '6004355f5260405f20805482019055', // the recipient's
    '5f52', // amount to memory
    `600435337f${TRANSFER_EVENT}60205fa3`,
    '60015f5260205ff3',
    '5b5f5ffd',
  ].join(''),
  'hex',
)
// The jump target is the last JUMPDEST.
TOKEN_CODE[TOKEN_CODE.indexOf(Buffer.from('8082106057', 'hex')) + 4] = TOKEN_CODE.length - 4

/** Call data of `transfer(to, amount)`. */
export function transferCall(to: Uint8Array, amount: bigint): Uint8Array {
  const data = new Uint8Array(68)
  data.set([0xa9, 0x05, 0x9c, 0xbb])
  data.set(to, 16)
  new DataView(data.buffer).setBigUint64(60, amount)
  return data
}

/** Where the token keeps the balance of an account. */
export function slotOf(address: Uint8Array): Uint8Array {
  const key = new Uint8Array(64)
  key.set(address, 12)
  return keccak_256(key)
}

export async function tokenBank(genesis: Uint8Array): Promise<{ stage: BankStage; accounts(): Promise<Accounts> }> {
  const stateManager = new FlatState()
  const evm = await createEVM({ common: new Common({ chain: Mainnet, hardfork: Hardfork.Cancun }), stateManager })
  const token = new Address(TOKEN)
  await stateManager.putAccount(token, new Account())
  await stateManager.putCode(token, TOKEN_CODE)
  const holders: Uint8Array[] = []
  const start = new Uint8Array(32)
  new DataView(start.buffer).setBigUint64(16, (10n ** 24n) >> 64n)
  new DataView(start.buffer).setBigUint64(24, (10n ** 24n) & 0xffffffffffffffffn)
  for (let at = 0; at < genesis.length; at += 20) {
    const holder = genesis.slice(at, at + 20)
    holders.push(holder)
    await stateManager.putStorage(token, slotOf(holder), start)
  }
  const nonces = new Accounts(holders.length)
  const execute = async (item: VerifiedTx) => {
    if (item.kind !== 'evm') return reject('not-a-call')
    const { tx, from } = item
    const nonce = nonces.get(from)?.nonce ?? 0n
    if (tx.nonce !== nonce) return reject(tx.nonce < nonce ? 'nonce-used' : 'nonce-gap')
    const { execResult } = await evm.runCall({
      caller: new Address(from),
      to: token,
      data: tx.data,
      gasLimit: tx.gasLimit,
    })
    await evm.journal.cleanup()
    stateManager.originalStorageCache.clear()
    if (execResult.exceptionError) return reject('insufficient-funds')
    nonces.set(from, { nonce: nonce + 1n, balance: 0n })
    return item
  }
  return {
    async stage(items) {
      const results = []
      for (const item of items) results.push(await execute(item))
      return results
    },
    /** Nonces, and token balances in the place of money. */
    async accounts() {
      const out = new Accounts(holders.length)
      for (const holder of holders) {
        const value = await stateManager.getStorage(token, slotOf(holder))
        out.set(holder, {
          nonce: nonces.get(holder)?.nonce ?? 0n,
          balance: value.length ? BigInt(`0x${Buffer.from(value).toString('hex')}`) : 0n,
        })
      }
      return out
    },
  }
}
