/**
 * Heads: validators sign the hash of the first block of every second that they execute, so that a light node need not wait for the end of
 * an epoch to see what happened. Kept in memory alone: the next second brings a newer one.
 */
import { RLP } from '@ethereumjs/rlp'
import { bytesToHex } from '@ethereumjs/util'
import type { Verifier } from '@zos/pipeline/verify'
import { type Committee, createCommittee, epochOfRound, type ValidatorInfo } from '@zos/zpos'
import { type HeadShare, type HeadStatement, headDigest } from '@zos/zpos/checkpoint'
import type { StoredBlock } from '../chain/block-codec.ts'
import type { Chain } from '../chain/chain.ts'
import type { Bip340Signer } from '../keys/bip340-signer.ts'
import type { Verdict } from './checkpoints.ts'

/** Statements of one member that are kept: it may be some seconds ahead of others. */
const MAX_STATEMENTS = 8
/** A node that catches up signs nothing: others have. */
const MAX_AGE_MS = 60_000

/** A block that validators with more than two thirds of the stake have signed. */
export interface Head {
  readonly statement: HeadStatement
  readonly block: StoredBlock
  readonly shares: readonly HeadShare[]
}

export interface HeadsOptions {
  readonly chain: Chain
  readonly networkId: number
  readonly verifier: Verifier
  /** The committee of an epoch that this node has reached. */
  readonly membersOf: (epoch: number) => readonly ValidatorInfo[] | undefined
  readonly signer: Pick<Bip340Signer, 'address' | 'sign'> | undefined
  readonly publish: (share: Uint8Array) => void
  readonly now: () => number
}

interface Signed {
  readonly statement: HeadStatement
  readonly signature: Uint8Array
}

export class Heads {
  readonly #options: HeadsOptions
  readonly #byMember = new Map<string, Signed[]>()
  #latest: Head | undefined
  /** The last committee that was asked for. */
  #committee: Committee | undefined

  constructor(options: HeadsOptions) {
    this.#options = options
    options.chain.onBlock(({ block }) => this.#executed(block))
  }

  /** The newest head that this node has executed too. */
  latest(): Head | undefined {
    return this.#latest
  }

  /** A share that a peer sent or passed on. */
  take(bytes: Uint8Array): Verdict {
    const read = decode(bytes)
    if (!read) return 'reject'
    const { address, statement, signature } = read
    const committee = this.#committeeOf(statement.epoch)
    if (!committee || statement.block <= (this.#latest?.statement.block ?? 0)) return 'ignore'
    const key = committee.members.find((member) => member.address === address)?.publicKey
    if (!key) return 'reject'
    const newest = this.#byMember.get(address)?.at(-1)
    if (newest && statement.block <= newest.statement.block) return 'ignore'
    const message = headDigest(statement, this.#options.networkId)
    const [good] = this.#options.verifier.verifyMany('bip340', [{ publicKey: key.subarray(1), message, signature }])
    if (!good) return 'reject'
    this.#add(address, { statement, signature })
    return 'accept'
  }

  #executed(block: StoredBlock): void {
    const { chain, signer, networkId, now, publish } = this.#options
    const epoch = epochOfRound(block.round)
    const { number, timestamp } = block.header
    const first = timestamp !== chain.block(number - 1)?.header.timestamp
    if (
      signer &&
      first &&
      now() - timestamp * 1_000 < MAX_AGE_MS &&
      this.#committeeOf(epoch)?.has(signer.address as never)
    ) {
      const statement = { epoch, block: number, blockHash: block.hash }
      const signature = signer.sign(headDigest(statement, networkId))
      this.#add(signer.address, { statement, signature })
      publish(encode(signer.address, { statement, signature }))
    }
    // Shares may have come before this node had the block.
    this.#settle()
  }

  #committeeOf(epoch: number): Committee | undefined {
    if (this.#committee?.epoch === epoch) return this.#committee
    const members = this.#options.membersOf(epoch)
    if (members) this.#committee = createCommittee({ epoch, members })
    return members && this.#committee
  }

  #add(address: string, signed: Signed): void {
    const statements = this.#byMember.get(address) ?? []
    statements.push(signed)
    if (statements.length > MAX_STATEMENTS) statements.shift()
    this.#byMember.set(address, statements)
    this.#settle()
  }

  /** Finds the newest block that this node has executed and a quorum has signed. */
  #settle(): void {
    const { chain } = this.#options
    const blocks = new Set([...this.#byMember.values()].flatMap((list) => list.map(({ statement }) => statement.block)))
    for (const number of [...blocks].sort((a, b) => b - a)) {
      if (number <= (this.#latest?.statement.block ?? 0)) break
      const block = number <= chain.head!.header.number ? chain.block(number) : undefined
      const epoch = block && epochOfRound(block.round)
      const committee = epoch === undefined ? undefined : this.#committeeOf(epoch)
      if (!block || epoch === undefined || !committee) continue
      const shares: HeadShare[] = []
      for (const [address, statements] of this.#byMember) {
        const signed = statements.find(
          ({ statement }) =>
            statement.block === number && statement.blockHash === block.hash && statement.epoch === epoch,
        )
        if (signed) shares.push({ address, signature: signed.signature })
      }
      if (!committee.isQuorum(shares.map(({ address }) => address as never))) continue
      const statement = { epoch, block: number, blockHash: block.hash }
      this.#latest = { statement, block, shares }
      break
    }
    const settled = this.#latest?.statement.block ?? 0
    for (const [address, statements] of this.#byMember)
      this.#byMember.set(
        address,
        statements.filter(({ statement }) => statement.block >= settled),
      )
  }
}

function encode(address: string, { statement: { epoch, block, blockHash }, signature }: Signed): Uint8Array {
  return RLP.encode([epoch, block, blockHash, address as `0x${string}`, signature])
}

function decode(bytes: Uint8Array): (Signed & { address: string }) | undefined {
  try {
    const items = RLP.decode(bytes) as Uint8Array[]
    if (items.length !== 5 || items.some((item) => !(item instanceof Uint8Array))) return undefined
    const [epoch, block, blockHash, address, signature] = items as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    if (
      epoch.length > 6 ||
      block.length > 6 ||
      blockHash.length !== 32 ||
      address.length !== 20 ||
      signature.length !== 64
    )
      return undefined
    return {
      address: bytesToHex(address),
      statement: { epoch: integer(epoch), block: integer(block), blockHash: bytesToHex(blockHash) },
      signature,
    }
  } catch {
    return undefined
  }
}

function integer(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0)
}
