/**
 * Headers and bodies of blocks, proved from what checkpoints and heads name: each header by the parent hash of the next, each body by the
 * roots in its header.
 */
import { RLP } from '@ethereumjs/rlp'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { keccak256 } from '@zos/pipeline/hash'
import { decodeTransaction, type Transaction } from '@zos/pipeline/transaction'
import type { StoredBlock, StoredTransaction } from '../chain/block-codec.ts'
import { ethereumBlockSize } from '../execution/block-rlp.ts'
import { effectiveGasPrice } from '../execution/effective-gas-price.ts'
import { encodeReceipt, type Log, type Receipt } from '../execution/receipt.ts'
import type { AddressHex, Hash } from '../state/account.ts'
import { indexedRoot } from '../state/indexed-root.ts'
import { LightError, SourceFault, SourceMiss } from './errors.ts'
import { bytesOf, parseHeader, type Trust, type VerifiedHeader } from './follow.ts'
import { Recent } from './recent.ts'
import type { Ask, Sources } from './sources.ts'

/** A block with its transactions, all verified. */
export interface VerifiedBlock {
  readonly block: StoredBlock
  readonly transactions: readonly StoredTransaction[]
}

/** Headers in one request, as nodes serve them. */
const HEADER_BATCH = 512
/** How far back from a named block a header may be: four epochs of an hour, 5 MB. */
const MAX_CHAIN = 8_192
const CACHED_HEADERS = 10_000
const CACHED_BLOCKS = 32
const MAX_TRANSACTIONS = 16_384

export class History {
  readonly #trust: Trust
  readonly #sources: Sources
  readonly #headers = new Recent<number, VerifiedHeader>(CACHED_HEADERS)
  readonly #blocks = new Recent<Hash, VerifiedBlock>(CACHED_BLOCKS)

  constructor(trust: Trust, sources: Sources) {
    this.#trust = trust
    this.#sources = sources
  }

  /** The header of block `number`; undefined beyond the newest verified block. Errors: `LIGHT_UNAVAILABLE` too far back, `LIGHT_NO_SOURCE`. */
  async header(number: number): Promise<VerifiedHeader | undefined> {
    const head = this.#trust.head
    if (head && number === head.header.number) return head
    const cached = this.#headers.get(number)
    if (cached) return cached
    const anchor = this.#anchorOf(number)
    if (!anchor) return undefined
    if (anchor.block - number > MAX_CHAIN)
      throw new LightError('LIGHT_UNAVAILABLE', `block ${number} is too far from one that is proved, ${anchor.block}`, {
        number,
        anchor: anchor.block,
      })
    let { block, hash } = anchor
    // Down from the anchor; what is known already shortens the way.
    for (; block > number; block--) {
      const known = this.#headers.get(block)
      if (!known || known.hash !== hash) break
      hash = known.header.parentHash
    }
    while (block >= number) {
      const from = Math.max(number, block - HEADER_BATCH + 1)
      hash = await this.#sources.run((ask) => this.#fetchHeaders(ask, from, block, hash))
      block = from - 1
    }
    return this.#headers.get(number)
  }

  /** The block of a verified header with everything in it. */
  async block(verified: VerifiedHeader): Promise<VerifiedBlock> {
    const cached = this.#blocks.get(verified.hash)
    if (cached) return cached
    const block = await this.#sources.run(async (ask) =>
      verifyBody(verified, await ask('zos_getBlockBody', verified.header.number)),
    )
    this.#blocks.set(verified.hash, block)
    return block
  }

  /** The lowest block at or above `number` whose hash is known. */
  #anchorOf(number: number): { block: number; hash: Hash } | undefined {
    const { head, anchors } = this.#trust
    const above = anchors.findLast(({ block }) => block >= number)
    if (above) return above
    return head && head.header.number >= number ? { block: head.header.number, hash: head.hash } : undefined
  }

  /** Fetches headers `from` to `to`, the last of which has `hash`. Returns the parent hash of the first. */
  async #fetchHeaders(ask: Ask, from: number, to: number, hash: Hash): Promise<Hash> {
    const answer = await ask('zos_getHeaders', from, to - from + 1)
    if (!Array.isArray(answer)) throw new SourceFault('no list of headers')
    if (answer.length !== to - from + 1) throw new SourceMiss(`the source lacks headers ${from} to ${to}`)
    let expected = hash
    const verified: VerifiedHeader[] = []
    for (const encoded of answer.reverse()) {
      const one = parseHeader(encoded)
      if (one.hash !== expected || one.header.number !== to - verified.length)
        throw new SourceFault(`header ${to - verified.length} is not the parent of the next`)
      verified.push(one)
      expected = one.header.parentHash
    }
    for (const one of verified) this.#headers.set(one.header.number, one)
    return expected
  }
}

function verifyBody({ header, hash }: VerifiedHeader, answer: unknown): VerifiedBlock {
  if (answer === null) throw new SourceMiss(`the source lacks the body of block ${header.number}`)
  const body = answer as { transactions: unknown; receipts: unknown }
  if (
    !Array.isArray(body.transactions) ||
    !Array.isArray(body.receipts) ||
    body.transactions.length !== body.receipts.length ||
    body.transactions.length > MAX_TRANSACTIONS
  )
    throw new SourceFault('no body of a block')
  const raws = body.transactions.map((raw) => bytesOf(raw))
  if (indexedRoot(raws) !== header.transactionsRoot)
    throw new SourceFault(`the transactions of block ${header.number} are not those of its header`)
  const decoded = raws.map((raw) => {
    const result = decodeTransaction(raw)
    if (result.status !== 'ok') throw new SourceFault(`a transaction that does not decode: ${result.reason}`)
    return result.tx
  })
  let gasBefore = 0n
  const receipts = body.receipts.map((encoded, index) => {
    const receipt = parseReceipt(bytesOf(encoded), decoded[index]!, header.baseFeePerGas, gasBefore)
    gasBefore = receipt.cumulativeGasUsed
    return receipt
  })
  if (indexedRoot(receipts.map(encodeReceipt)) !== header.receiptsRoot)
    throw new SourceFault(`the receipts of block ${header.number} are not those of its header`)
  const hashes = decoded.map((tx) => hexOf(tx.hash))
  const block: StoredBlock = {
    header,
    hash,
    leader: header.extraData,
    round: 0,
    units: [],
    transactions: hashes,
    size: ethereumBlockSize(
      header,
      raws.map((raw) => ({ raw })),
    ),
  }
  return { block, transactions: decoded.map((tx, index) => place(tx, raws[index]!, receipts[index]!, block, index)) }
}

function parseReceipt(rlp: Uint8Array, tx: Transaction, baseFee: bigint, gasBefore: bigint): Receipt {
  const [type, status, gas, logs] = RLP.decode(rlp) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    [Uint8Array, Uint8Array[], Uint8Array][],
  ]
  const cumulativeGasUsed = BigInt(`0x${bytesToHex(gas) || '0'}`)
  return {
    type: type[0] ?? 0,
    succeeded: status.length === 1,
    gasUsed: cumulativeGasUsed - gasBefore,
    cumulativeGasUsed,
    effectiveGasPrice: effectiveGasPrice(tx, baseFee),
    logs: logs.map(
      ([address, topics, data]): Log => ({
        address: hexOf(address),
        topics: topics.map((topic) => hexOf(topic)),
        data,
      }),
    ),
    contractAddress: undefined,
  }
}

/** Recovers the sender only when somebody looks: a signature takes a millisecond, and a block has thousands. */
function place(
  tx: Transaction,
  raw: Uint8Array,
  receipt: Receipt,
  block: StoredBlock,
  index: number,
): StoredTransaction {
  let sender: AddressHex | undefined
  return {
    raw,
    hash: block.transactions[index]!,
    unit: block.leader,
    block: block.header.number,
    index,
    get sender() {
      sender ??= senderOf(tx)
      return sender
    },
    get receipt() {
      return tx.to ? receipt : { ...receipt, contractAddress: createdAddress(this.sender, tx.nonce) }
    },
  }
}

/** The address whose key signed `tx`. */
export function senderOf({ signingHash, signature: { r, s, yParity } }: Transaction): AddressHex {
  const point = new secp256k1.Signature(r, s, yParity).recoverPublicKey(signingHash)
  return hexOf(keccak256(point.toBytes(false).subarray(1)).subarray(12))
}

/** The address of a contract that a transaction makes (Yellow Paper §7). */
function createdAddress(sender: AddressHex, nonce: bigint): AddressHex {
  return hexOf(keccak256(RLP.encode([sender, nonce])).subarray(12))
}

function hexOf(bytes: Uint8Array): `0x${string}` {
  return `0x${bytesToHex(bytes)}`
}
