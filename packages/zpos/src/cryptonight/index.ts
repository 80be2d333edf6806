/**
 * CryptoNight, the hash of the speaker's lottery (C3): variants 0, 1 (default) and 2, in WebAssembly with a plain twin.
 *
 * It gives order within a term and no safety, and it is not proof against special hardware: Monero left it in 2019.
 */
import { ZposError } from '../errors.ts'
import { AES_TABLES, expandKey } from './aes.ts'
import { cryptonightWasm } from './generated/cryptonight-wasm.ts'
import type { Cryptonight } from './hasher.ts'
import { absorb, finish, SCRATCHPAD_BYTES, tweakOf } from './variant.ts'

export { groestl256 } from './groestl.ts'
export type { Cryptonight } from './hasher.ts'
export { jh256 } from './jh.ts'
export { cryptonightPlain } from './plain.ts'
export {
  type AbortSignalLike,
  type CryptonightPool,
  createCryptonightPool,
  type PoolSearch,
  serveTickets,
  type TicketJob,
  type TicketReply,
  type TicketWorker,
} from './pool.ts'
export { skein512256 } from './skein.ts'
export { type CryptonightVariant, SCRATCHPAD_BYTES } from './variant.ts'

interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer }
  stateOffset(): number
  keysOffset(): number
  tableOffset(): number
  explode(): void
  implode(): void
  loop0(): void
  loop1(tweakLow: number, tweakHigh: number): void
  loop2(): void
  wipe(): void
}

/** What this file needs of the platform: the core library has no types for it. */
interface Platform {
  readonly WebAssembly?: {
    instantiate(bytes: Uint8Array): Promise<{ readonly instance: { readonly exports: unknown } }>
  }
  atob(text: string): string
}

/**
 * Makes a hasher with a scratchpad of 2 MiB. Rejects with `ZPOS_NO_WEBASSEMBLY` where the platform has or allows none; `cryptonightPlain` works
 * there.
 */
export async function createCryptonight(): Promise<Cryptonight> {
  const kernel = await instantiate()
  const { buffer } = kernel.memory
  new Uint32Array(buffer, kernel.tableOffset(), AES_TABLES.length).set(AES_TABLES)
  const shared = new Uint32Array(buffer, kernel.stateOffset(), 50)
  const keys = new Uint32Array(buffer, kernel.keysOffset(), 40)
  return {
    hash(data, variant = 1) {
      const state = absorb(data)
      const [tweakLow, tweakHigh] = tweakOf(variant, data, state)
      const text = state.slice(16, 48)
      shared.set(state)
      keys.set(expandKey(state.subarray(0, 8)))
      kernel.explode()
      shared.set(text, 16)
      if (variant === 0) kernel.loop0()
      else if (variant === 1) kernel.loop1(tweakLow, tweakHigh)
      else kernel.loop2()
      keys.set(expandKey(state.subarray(8, 16)))
      kernel.implode()
      state.set(shared)
      kernel.wipe()
      text.fill(0)
      return finish(state)
    },
  }
}

async function instantiate(): Promise<Kernel> {
  const { WebAssembly, atob } = globalThis as unknown as Platform
  try {
    if (WebAssembly === undefined) throw new Error('there is no WebAssembly')
    const bytes = Uint8Array.from(atob(cryptonightWasm), (character) => character.charCodeAt(0))
    return (await WebAssembly.instantiate(bytes)).instance.exports as Kernel
  } catch (cause) {
    throw new ZposError(
      'ZPOS_NO_WEBASSEMBLY',
      'WebAssembly did not start: use cryptonightPlain',
      { bytes: SCRATCHPAD_BYTES },
      { cause },
    )
  }
}
