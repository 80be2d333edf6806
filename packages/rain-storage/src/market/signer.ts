/** Signs transactions with a private key, so that a node need not hold the account: type 2 (EIP-1559) over any node's JSON-RPC. */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { concat } from '../content/bytes.ts'
import { StorageError } from '../errors.ts'
import { bytesOf, type Hex, hexOf } from './abi.ts'
import type { Eip1193Port } from './chain.ts'
import { encodeBytes, encodeList, encodeQuantity } from './rlp.ts'

/** What {@link createSigner} is made of. */
export interface SignerOptions {
  /** a node; it gets transactions that are signed, and every other call as it is */
  readonly provider: Eip1193Port
  /** 32 bytes of secp256k1 */
  readonly secretKey: Uint8Array
  /** the chain that transactions are for. A node of another one gets none */
  readonly chainId: bigint
}

/** A transaction of type 2 to be signed; it has no access list. */
export interface Transaction {
  readonly chainId: bigint
  readonly nonce: bigint
  readonly maxPriorityFeePerGas: bigint
  readonly maxFeePerGas: bigint
  readonly gas: bigint
  readonly to: Hex
  readonly value: bigint
  readonly data: Hex
}

const TYPE = Uint8Array.of(2)
/** More gas than the estimate: other transactions may come first and make the call take another way. */
const GAS_MARGIN = (estimate: bigint) => (estimate * 5n) / 4n

/** An EIP-1193 provider that signs for the account of `secretKey`. Its transactions get their nonces one after the other. */
export function createSigner({ provider, secretKey, chainId }: SignerOptions): Eip1193Port & { readonly account: Hex } {
  const account = accountOf(secretKey)
  const call = (method: string, ...params: unknown[]) => provider.request({ method, params })
  const quantity = async (method: string, ...params: unknown[]) => BigInt(String(await call(method, ...params)))
  let last: Promise<unknown> = Promise.resolve()

  async function send(given: Readonly<Record<string, string>>): Promise<unknown> {
    const { to, data = '0x', value = '0x0', gas } = given
    if (given.from?.toLowerCase() !== account)
      throw new StorageError('STORAGE_INVALID_ARGUMENT', `The key is that of ${account}, not of ${given.from}`, {
        account,
      })
    const there = await quantity('eth_chainId')
    if (there !== chainId)
      throw new StorageError('STORAGE_UNAVAILABLE', `The node is of chain ${there}, not ${chainId}`, { chainId: there })
    const head = (await call('eth_getBlockByNumber', 'latest', false)) as { baseFeePerGas?: string } | null
    const tip = await quantity('eth_maxPriorityFeePerGas')
    const transaction: Transaction = {
      chainId,
      nonce: await quantity('eth_getTransactionCount', account, 'pending'),
      maxPriorityFeePerGas: tip,
      // Six full blocks long the base fee can rise by an eighth each.
      maxFeePerGas: 2n * BigInt(head?.baseFeePerGas ?? 0) + tip,
      gas: gas === undefined ? GAS_MARGIN(await quantity('eth_estimateGas', given)) : BigInt(gas),
      to: to as Hex,
      value: BigInt(value),
      data: data as Hex,
    }
    return call('eth_sendRawTransaction', signTransaction(transaction, secretKey))
  }

  return {
    account,
    async request({ method, params = [] }) {
      if (method === 'eth_accounts') return [account]
      if (method !== 'eth_sendTransaction') return provider.request({ method, params })
      const sent = last.then(() => send(params[0] as Record<string, string>))
      last = sent.catch(() => undefined)
      return sent
    },
  }
}

/** The signed bytes of a transaction, as `eth_sendRawTransaction` takes them. */
export function signTransaction(transaction: Transaction, secretKey: Uint8Array): Hex {
  const { chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gas, to, value, data } = transaction
  const fields = [
    ...[chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gas].map(encodeQuantity),
    encodeBytes(bytesOf(to)),
    encodeQuantity(value),
    encodeBytes(bytesOf(data)),
    encodeList([]),
  ]
  const digest = keccak_256(concat([TYPE, encodeList(fields)]))
  const signature = secp256k1.sign(digest, secretKey, { prehash: false, format: 'recovered' })
  const [parity, r, s] = [signature.slice(0, 1), signature.slice(1, 33), signature.slice(33)].map((part) =>
    encodeQuantity(BigInt(hexOf(part))),
  )
  return hexOf(concat([TYPE, encodeList([...fields, parity!, r!, s!])]))
}

/** The address of a private key. @throws StorageError `STORAGE_INVALID_ARGUMENT` for what is no key of secp256k1 */
export function accountOf(secretKey: Uint8Array): Hex {
  if (!secp256k1.utils.isValidSecretKey(secretKey))
    throw new StorageError('STORAGE_INVALID_ARGUMENT', 'This is not a private key of secp256k1')
  return hexOf(keccak_256(secp256k1.getPublicKey(secretKey, false).slice(1)).slice(12))
}
