import { JsonRpcProvider } from 'ethers'
import { ZlibError } from '../errors.ts'

/** Flag of the commands that talk to a chain. */
export const RPC_ARG = { type: 'string', description: 'JSON-RPC endpoint', default: 'http://127.0.0.1:8545' } as const

/** Runs `use` with the chain behind `rpc`. Errors: `ZLIB_CHAIN` when none answers. */
export async function withChain<T>(rpc: string, use: (provider: JsonRpcProvider) => Promise<T>): Promise<T> {
  const provider = new JsonRpcProvider(rpc, undefined, { cacheTimeout: -1, staticNetwork: true })
  try {
    // Not `send`: it would wait for a chain that is not there, for ever.
    await provider._detectNetwork().catch((cause) => {
      throw new ZlibError('ZLIB_CHAIN', `no chain answers at ${rpc}`, { rpc }, { cause })
    })
    return await use(provider)
  } finally {
    provider.destroy()
  }
}

/** The key that pays. Errors: `ZLIB_INVALID_ARGUMENT`. */
export function privateKey(): string {
  const key = process.env.ZLIB_PRIVATE_KEY
  if (!key) throw new ZlibError('ZLIB_INVALID_ARGUMENT', 'ZLIB_PRIVATE_KEY is not set: it is the key that pays')
  if (!/^(0x)?[0-9a-fA-F]{64}$/.test(key))
    throw new ZlibError('ZLIB_INVALID_ARGUMENT', 'ZLIB_PRIVATE_KEY is not 32 bytes in hex')
  return key
}
