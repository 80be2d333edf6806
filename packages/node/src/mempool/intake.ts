/**
 * The node's transaction processing unit (docs/architecture.md): the TPU of `@zos/pipeline` with the pool's checks as its bank. It is fed
 * by JSON-RPC and, where an operator opens one, by a port for length-framed transactions; from the pool they go into the node's next unit.
 */
import { bytesToHex } from '@ethereumjs/util'
import { reject } from '@zos/pipeline'
import { createTpu, type Tpu, type VerifiedTx, type VerifyStage } from '@zos/pipeline/tpu'
import { decodeTransaction } from '@zos/pipeline/transaction'
import type { Hash } from '../state/account.ts'
import { type Mempool, Rejection } from './mempool.ts'

/** Batches wait this long for company: enough for the calls of one JSON-RPC batch, too little for a person to notice. */
const LINGER_MS = 2
/** Signatures checked in one go; more would keep the event loop for longer than some 20 ms. */
const BATCH = 512
/** All of JSON-RPC is one source; as many as the pool holds of eight senders may be on their way. */
const PER_SOURCE = 32_768
/** The pool knows what it has; the TPU need not remember, and a dropped transaction may be sent again. */
const REMEMBERED = 2

export interface IntakeOptions {
  chainId: number
  verify: VerifyStage
  mempool: Mempool
  /** Told every hash that enters the pool. */
  accepted: (hash: Hash) => void
}

export class TransactionIntake {
  readonly tpu: Tpu
  readonly #chainId: bigint
  /** The pool's words for what it refused, until the caller has them. */
  readonly #refused = new WeakMap<Uint8Array, Rejection>()

  constructor({ chainId, verify, mempool, accepted }: IntakeOptions) {
    this.#chainId = BigInt(chainId)
    const bank = (one: VerifiedTx) => {
      if (one.kind !== 'evm') return reject('malformed') // native transfers come with the bank of their own
      const hash = bytesToHex(one.id)
      const refused = mempool.add({ tx: one.tx, hash, sender: bytesToHex(one.from) })
      if (refused) {
        this.#refused.set(one.raw, refused)
        return reject(refused.code)
      }
      accepted(hash)
      return one
    }
    this.tpu = createTpu({
      chainId: this.#chainId,
      verify,
      bank: (batch) => batch.map(bank),
      write: async () => {},
      limits: { perSource: PER_SOURCE, remembered: REMEMBERED },
      batch: { count: BATCH, lingerMs: LINGER_MS },
    })
  }

  /** Checks `raw` and puts it into the pool. Resolves with its hash, or with why not. Waits while the node is busy. */
  async submit(raw: Uint8Array): Promise<Hash | Rejection> {
    const receipt = await this.tpu.submit(raw, { source: 'rpc' })
    if (receipt.status === 'durable') return bytesToHex(receipt.id)
    return this.#refused.get(raw) ?? new Rejection('malformed', this.#describe(receipt.reason, raw))
  }

  /** Finishes what is inside and takes no more. */
  close(): Promise<void> {
    return this.tpu.close()
  }

  /** The words that Ethereum clients look for. What the decoder refused is decoded once more for its explanation. */
  #describe(reason: string, raw: Uint8Array): string {
    if (reason === 'duplicate') return 'already known'
    if (reason === 'signature') return 'invalid sender: the signature recovers to no address'
    if (reason === 'quota' || reason === 'full') return 'txpool is full'
    const decoded = decodeTransaction(raw, { chainId: this.#chainId })
    if (decoded.status === 'ok') return reason
    if (decoded.code === 'chain-mismatch') return `invalid chain id for signer: ${decoded.reason}`
    if (decoded.code === 'replay-unprotected')
      return `only replay-protected (EIP-155) transactions allowed over RPC: ${decoded.reason}`
    if (decoded.code === 'type-unsupported' || decoded.code === 'blob-unsupported')
      return `transaction type not supported: ${decoded.reason}`
    if (decoded.code.startsWith('signature')) return `invalid transaction v, r, s values: ${decoded.reason}`
    if (decoded.code.startsWith('rlp') || decoded.code === 'empty') return `rlp: ${decoded.reason}`
    return decoded.reason
  }
}
