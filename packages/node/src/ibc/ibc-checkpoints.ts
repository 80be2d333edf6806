/**
 * Every block as a header in CometBFT's format, signed by members of its committee with more than two thirds of the stake: what an unmodified
 * `07-tendermint` client on another chain follows. Votes travel in the validators' own units, so they need no gossip of their own and reach whoever
 * has the ledger. Only who has left the committee, and makes no units any more, gossips the votes it still owes; members put them into theirs.
 *
 * A validator signs what stands durably in its store. A block there never changes (a different one is a fault that stops the node), so a
 * height is never signed twice with different headers.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { hexToBytes } from '@ethereumjs/util'
import type { Message, Unit } from '@zos/dag'
import {
  type Any,
  CometSignedHeader,
  checkpointHeader,
  checkpointVote,
  clientStates,
  signedCheckpoint,
} from '@zos/hub-ibc'
import type { AddressHex } from '../state/account.ts'
import { type KeyValueStore, sortable } from '../store/kv.ts'
import type { BlockFacts } from './ibc-ledger.ts'
import { ibcVoteKey } from './settings.ts'
import { updatePath } from './update-path.ts'
import { SPKI_HEAD, type VoterSet, type VoterSets } from './voter-sets.ts'
import { decodeGossipedVote, encodeGossipedVote, MAX_VOTES, type Vote, votesMessage, votesOf } from './votes-message.ts'

/** Votes that came before this node has executed the block: this many blocks ahead, and one of each validator. */
const MAX_AHEAD = 64
/** Blocks without a quorum whose votes are still taken. */
export const MAX_OPEN = 64
/** Signed headers kept: as many as blocks can be proved. Beyond that, the last header of each reign, which leads to the next set. */
const KEPT = 4_096
/** Blocks after each of which a vote is gossiped once more while its header lacks a quorum. */
const MAX_ATTEMPTS = 32

const certificateKey = (height: number) => `Ic${sortable(height)}`
const NEWEST_KEY = 'Inewest'

interface Open {
  readonly header: ReturnType<typeof checkpointHeader>
  readonly set: VoterSet
  readonly signatures: (Uint8Array | undefined)[]
}

export interface IbcCheckpointsOptions {
  chainId: string
  sets: VoterSets
  store: KeyValueStore
  /** Of a validator; others only collect. */
  validator?: { readonly address: AddressHex; readonly signingKey: Uint8Array } | undefined
  /** Gossips a vote of this validator. */
  publish?: ((vote: Uint8Array) => void) | undefined
}

export class IbcCheckpoints {
  readonly chainId: string
  readonly #options: IbcCheckpointsOptions
  readonly #own: { readonly key: KeyObject; readonly publicKey: Uint8Array; readonly address: AddressHex } | undefined
  readonly #store: KeyValueStore
  readonly #open = new Map<number, Open>()
  readonly #early = new Map<number, Map<string, Uint8Array>>()
  /** For this validator's next units: its own votes, and those of others that came by gossip. */
  readonly #unsent: Vote[] = []
  readonly #foreign: Required<Vote>[] = []
  /** For gossip, with the attempts made. */
  readonly #owed = new Map<number, { vote: Required<Vote>; attempts: number }>()
  #head = 0
  #newest: number

  constructor(options: IbcCheckpointsOptions) {
    const { chainId, store, validator } = options
    this.#options = options
    this.chainId = chainId
    this.#store = store
    if (validator) {
      const key = privateKeyOf(ibcVoteKey(validator.signingKey))
      this.#own = { key, publicKey: rawPublicKey(key), address: validator.address }
    }
    const newest = store.get(NEWEST_KEY)
    this.#newest = newest ? Number(new TextDecoder().decode(newest)) : 0
  }

  /** The newest height with a quorum of votes; 0 before the first. */
  get newest(): number {
    return this.#newest
  }

  /** A block is durable: its header can be signed and checked, and the sets of it and of the next are known. */
  async blockDone(facts: BlockFacts): Promise<void> {
    const { height } = facts
    this.#head = height
    if (this.signed(height)) return
    const { set } = this.#options.sets.at(height)!
    const header = this.#header(facts)
    this.#open.set(height, { header, set, signatures: set.validators.map(() => undefined) })
    this.#open.delete(height - MAX_OPEN)
    const position = this.#own ? set.positionOfKey(this.#own.publicKey) : -1
    if (this.#own && position >= 0) {
      const { signBytes } = checkpointVote(header, set.validators, position)
      const signature = new Uint8Array(sign(null, signBytes, this.#own.key))
      this.#unsent.push({ height, signature })
      if (this.#unsent.length > MAX_VOTES) this.#unsent.shift()
      await this.#count(height, position, signature)
    }
    this.#gossip()
    const early = this.#early.get(height)
    this.#early.delete(height)
    for (const [voter, signature] of early ?? []) await this.#count(height, set.positionOf(voter), signature)
  }

  /** What this validator has to say in its next unit. */
  takeMessages(): Message[] {
    const votes: Vote[] = this.#unsent.splice(0)
    votes.push(...this.#foreign.splice(0, MAX_VOTES - votes.length))
    return votes.length > 0 ? [votesMessage(votes)] : []
  }

  /** Looks for votes in a unit, whose author is known to have signed it. */
  async take(unit: Unit): Promise<void> {
    const author = unit.header.authors[0] ?? ''
    if (author === this.#own?.address) return
    for (const { height, signature, voter = author } of votesOf(unit)) {
      if (height <= this.#head) await this.#count(height, this.#open.get(height)?.set.positionOf(voter), signature)
      // Others' votes are checked at once or not at all: nobody fills the memory in somebody else's name.
      else if (height <= this.#head + MAX_AHEAD && voter === author) {
        const votes = this.#early.get(height) ?? new Map<string, Uint8Array>()
        this.#early.set(height, votes.set(author, signature))
      }
    }
  }

  /** A vote that was gossiped. `reject`: the sender is to blame. */
  async takeGossip(bytes: Uint8Array): Promise<'accept' | 'ignore' | 'reject'> {
    const vote = decodeGossipedVote(bytes)
    if (!vote) return 'reject'
    const position = this.#open.get(vote.height)?.set.positionOf(vote.voter)
    // Of a block that is not executed here yet, or signed already: it will be sent again.
    if (position === undefined) return 'ignore'
    const counted = await this.#count(vote.height, position, vote.signature)
    if (counted === 'wrong') return 'reject'
    if (counted === 'known') return 'ignore'
    if (this.#own && this.#foreign.length < MAX_VOTES) this.#foreign.push(vote)
    return 'accept'
  }

  /** The signed header of a height; undefined where there is none (yet, or any more). */
  signed(height: number): CometSignedHeader | undefined {
    const bytes = this.#store.get(certificateKey(height))
    return bytes && (CometSignedHeader.decode(bytes) as CometSignedHeader)
  }

  /** The messages that bring a client from `trusted` to `target`, or some way there; undefined if the signatures are missing. */
  updates(target: number, trusted: number): Any[] | undefined {
    const { sets } = this.#options
    return updatePath({ sets, signed: (height) => this.signed(height), revision: this.revision }, target, trusted)
  }

  /** The states that a new client of this chain begins with, at the newest signed height. */
  clientStates(): { clientState: Any; consensusState: Any } | undefined {
    const signed = this.signed(this.#newest)
    return signed && clientStates(signed.header)
  }

  get revision(): bigint {
    return BigInt(this.chainId.slice(this.chainId.lastIndexOf('-') + 1))
  }

  #header({ height, time, appHash, unit, mci }: BlockFacts) {
    const { sets } = this.#options
    return checkpointHeader({
      chainId: this.chainId,
      height: BigInt(height),
      time,
      appHash,
      validators: sets.at(height)!.set.validators,
      nextValidators: sets.at(height + 1)!.set.validators,
      unit: hexToBytes(unit),
      mainChainIndex: BigInt(mci),
    })
  }

  /** Once this validator is not of the next block's set, what it has not said yet goes by gossip, again and again until it is counted. */
  #gossip(): void {
    const { sets, publish } = this.#options
    if (!this.#own || !publish) return
    if (sets.at(this.#head + 1)!.set.positionOfKey(this.#own.publicKey) < 0)
      for (const { height, signature } of this.#unsent.splice(0))
        this.#owed.set(height, { vote: { height, signature, voter: this.#own.address }, attempts: 0 })
    for (const [height, owed] of this.#owed) {
      if (this.#open.has(height) && owed.attempts < MAX_ATTEMPTS)
        publish(encodeGossipedVote(owed.vote, owed.attempts++))
      else this.#owed.delete(height)
    }
  }

  async #count(
    height: number,
    position: number | undefined,
    signature: Uint8Array,
  ): Promise<'counted' | 'known' | 'wrong'> {
    const open = this.#open.get(height)
    if (!open || position === undefined || open.signatures[position]) return 'known'
    const { header, set, signatures } = open
    const { signBytes } = checkpointVote(header, set.validators, position)
    if (!isSigned(signBytes, set.key(position), signature)) return 'wrong'
    signatures[position] = signature
    const power = set.validators.reduce((sum, { votingPower }, i) => (signatures[i] ? sum + votingPower : sum), 0n)
    if (3n * power <= 2n * set.total) return 'counted'
    this.#open.delete(height)
    const certificate = CometSignedHeader.encode(signedCheckpoint(header, set.validators, signatures))
    this.#newest = Math.max(this.#newest, height)
    const old = height - KEPT
    await this.#store.batch([
      { key: certificateKey(height), value: certificate },
      ...(this.#options.sets.endsReign(old) ? [] : [{ key: certificateKey(old) }]),
      { key: NEWEST_KEY, value: new TextEncoder().encode(String(this.#newest)) },
    ])
    return 'counted'
  }
}

/** PKCS #8 of Ed25519 (RFC 8410) in front of the 32 bytes of a key. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

const privateKeyOf = (secret: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, secret]), format: 'der', type: 'pkcs8' })

const rawPublicKey = (key: KeyObject): Uint8Array =>
  new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI_HEAD.length))

/** False for a wrong signature, and for keys that are no points (a member that has registered none). */
function isSigned(message: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  try {
    return verify(null, message, key, signature)
  } catch {
    return false
  }
}
