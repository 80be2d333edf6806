import { bytesToHex } from '@noble/hashes/utils.js'
import { decodeTransaction } from '@zos/pipeline/transaction'
import type { AddressHex, Hash } from '../state/account.ts'
import { LightError, SourceFault } from './errors.ts'
import { senderOf } from './history.ts'
import { Recent } from './recent.ts'
import type { Sources } from './sources.ts'

/** Senders whose next nonce is remembered. */
const MAX_SENDERS = 256

/** Sends transactions through all sources at once: one that keeps it for itself does not stop it. */
export class Outbox {
  readonly #chainId: bigint
  readonly #sources: Sources
  readonly #nonces = new Recent<AddressHex, bigint>(MAX_SENDERS)

  constructor(chainId: number, sources: Sources) {
    this.#chainId = BigInt(chainId)
    this.#sources = sources
  }

  /** The nonce after those that were sent here, at least `executed`. */
  nextNonce(address: AddressHex, executed: bigint): bigint {
    const sent = this.#nonces.get(address) ?? 0n
    return sent > executed ? sent : executed
  }

  /** Sends; resolves with the hash once one source has taken it. Errors: `LIGHT_INVALID_ARGUMENT`, `LIGHT_REJECTED`, `LIGHT_NO_SOURCE`. */
  async send(raw: Uint8Array): Promise<Hash> {
    const decoded = decodeTransaction(raw, { chainId: this.#chainId })
    if (decoded.status !== 'ok')
      throw new LightError('LIGHT_INVALID_ARGUMENT', `not a transaction of this chain: ${decoded.reason}`)
    const { tx } = decoded
    const hash: Hash = `0x${bytesToHex(tx.hash)}`
    const sender = senderOf(tx)
    const { results, refusals } = await this.#sources.all(async (ask) => {
      const answer = await ask('eth_sendRawTransaction', `0x${bytesToHex(raw)}`)
      if (answer !== hash) throw new SourceFault('took a transaction under another hash')
      return answer
    })
    // One that was sent before, by this node or another way, is as good as taken.
    const known = refusals.some(({ message }) => /already known/i.test(message))
    if (results.length === 0 && !known) {
      if (refusals[0]) throw new LightError('LIGHT_REJECTED', refusals[0].message, { hash })
      throw new LightError('LIGHT_NO_SOURCE', 'no source answers', { sources: this.#sources.status() })
    }
    if (tx.nonce + 1n > this.nextNonce(sender, 0n)) this.#nonces.set(sender, tx.nonce + 1n)
    return hash
  }
}
