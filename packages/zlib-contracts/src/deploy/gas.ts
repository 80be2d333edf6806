/** What putting an application on a chain costs, before it is done. */
import { MAX_CREATION_BYTES, MAX_TRANSACTION_GAS } from '../split/limits.ts'
import type { SplitContract } from '../split/split.ts'

/** Cost of one contract of an application. */
export interface PieceGas {
  readonly what: string
  /** Bytes of the runtime code. */
  readonly size: number
  /** Gas of the transaction that deploys it; of the router without what its constructor does. */
  readonly gas: number
  /** Whether its transaction is within what a transaction may take (EIP-3860, EIP-7825). */
  readonly fits: boolean
}

/** Gas of a transaction, of CREATE or CREATE2, and per byte of code and of calldata (Yellow Paper, EIP-2028, EIP-7623). */
const TRANSACTION = 21_000
const CREATE = 32_000
const CODE_BYTE = 200
const ZERO_BYTE = 4
const OTHER_BYTE = 16
const FLOOR_ZERO_BYTE = 10
const FLOOR_OTHER_BYTE = 40
/** Per word: initcode (EIP-3860), and the hash of it that CREATE2 takes. */
const INITCODE_WORD = 2
const HASH_WORD = 6
/** The factory's own instructions, and copying code to memory twice: measured, rounded up. */
const FACTORY = 1_000
const COPY_WORD = 12

/** Gas of each transaction of a deployment on an empty chain; on another, shared pieces that are there cost nothing. */
export function estimateDeployment(split: SplitContract): PieceGas[] {
  const shared = [
    ...split.libraries.map((library) => ({ what: `library ${library.name}`, ...library })),
    ...split.facets.map((facet, index) => ({ what: `facet ${index}`, ...facet })),
  ]
  const pieces = shared.map(({ what, size, creation }) => ({
    what,
    size,
    creation,
    gas: transactionGas(
      `${'00'.repeat(32)}${creation.slice(2)}`,
      CREATE + FACTORY + size * CODE_BYTE,
      HASH_WORD + COPY_WORD,
    ),
  }))
  const router = {
    what: 'router',
    size: split.routerSize,
    creation: split.router,
    gas: transactionGas(split.router.slice(2), CREATE + split.routerSize * CODE_BYTE, COPY_WORD),
  }
  return [...pieces, router].map(({ what, size, creation, gas }) => ({
    what,
    size,
    gas,
    fits: gas <= MAX_TRANSACTION_GAS && creation.length / 2 - 1 <= MAX_CREATION_BYTES,
  }))
}

function transactionGas(calldata: string, execution: number, perWord: number): number {
  const zeros = (calldata.match(/../g) ?? []).filter((byte) => byte === '00').length
  const others = calldata.length / 2 - zeros
  const words = Math.ceil(calldata.length / 64)
  const used = zeros * ZERO_BYTE + others * OTHER_BYTE + execution + words * (INITCODE_WORD + perWord)
  return TRANSACTION + Math.max(used, zeros * FLOOR_ZERO_BYTE + others * FLOOR_OTHER_BYTE)
}
