import { type Signer, Transaction } from 'ethers'
import { ZlibError } from '../errors.ts'
import { CREATE2_FACTORY } from '../split/create2.ts'

/**
 * The transaction that makes the standard factory on any chain (github.com/Arachnid/deterministic-deployment-proxy). Its signature was
 * chosen, not made: nobody has the key of its sender, so the sender's first contract, and its address, can only be this one.
 */
const FACTORY_TRANSACTION =
  '0xf8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf31ba02222222222222222222222222222222222222222222222222222222222222222a02222222222222222222222222222222222222222222222222222222222222222'

/**
 * Puts the CREATE2 factory on a chain that lacks it: pays its sender what the transaction costs (0.01 of the chain's coin) and sends it.
 * Returns whether it was missing. Errors: `ZLIB_CHAIN` when the chain does not take the transaction, for instance because it refuses
 * those without a chain id.
 */
export async function ensureFactory(signer: Signer): Promise<boolean> {
  const { provider } = signer
  if (!provider) throw new ZlibError('ZLIB_INVALID_ARGUMENT', 'the signer is not connected to a provider')
  if ((await provider.getCode(CREATE2_FACTORY)) !== '0x') return false
  const { from, gasLimit, gasPrice } = Transaction.from(FACTORY_TRANSACTION)
  const cost = gasLimit * gasPrice!
  const has = await provider.getBalance(from!)
  try {
    if (has < cost) await (await signer.sendTransaction({ to: from!, value: cost - has })).wait()
    await (await provider.broadcastTransaction(FACTORY_TRANSACTION)).wait()
  } catch (cause) {
    throw new ZlibError('ZLIB_CHAIN', 'the chain does not take the transaction of the standard factory', {}, { cause })
  }
  if ((await provider.getCode(CREATE2_FACTORY)) === '0x')
    throw new ZlibError('ZLIB_CHAIN', `the factory is still missing at ${CREATE2_FACTORY}`)
  return true
}
