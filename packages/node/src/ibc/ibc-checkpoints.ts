/**
 * Every block as a header in CometBFT's format, signed by validators with more than two thirds of the stake: what an unmodified
 * `07-tendermint` client on another chain follows. Votes travel in the validators' own units, so they need no gossip of their own and reach whoever
 * has the ledger.
 *
 * A validator signs what stands durably in its store. A block there never changes (a different one is a fault that stops the node), so a
 * height is never signed twice with different headers.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { hexToBytes } from '@ethereumjs/util'
import type { Message, Unit } from '@zos/dag'
import {
  type Any,
  checkpointHeader,
  checkpointUpdate,
  checkpointVote,
  clientStates,
  cometValidators,
  SignedHeader,
  signedCheckpoint,
  type Validator,
} from '@zos/hub-ibc'
import type { GenesisValidator } from '../genesis/genesis.ts'
import { type KeyValueStore, sortable } from '../store/kv.ts'
import type { BlockFacts } from './ibc-ledger.ts'
import { type IbcSettings, ibcVoteKey } from './settings.ts'
import { MAX_VOTES, type Vote, votesMessage, votesOf } from './votes-message.ts'

/** CometBFT's voting powers are 64-bit numbers: whole coins. */
const COIN = 10n ** 18n
/** Votes that came before this node has executed the block: this many blocks ahead, and one of each validator. */
const MAX_AHEAD = 64
/** Blocks without a quorum whose votes are still taken. */
const MAX_OPEN = 64
/** Signed headers kept: as many as blocks can be proved. */
const KEPT = 4_096

const certificateKey = (height: number) => `Ic${sortable(height)}`
const NEWEST_KEY = 'Inewest'

interface Open {
  readonly header: ReturnType<typeof checkpointHeader>
  readonly signatures: (Uint8Array | undefined)[]
}

export interface IbcCheckpointsOptions {
  settings: IbcSettings
  validators: readonly GenesisValidator[]
  store: KeyValueStore
  /** Of a validator; others only collect. */
  validatorKey?: Uint8Array | undefined
}

export class IbcCheckpoints {
  readonly chainId: string
  readonly #validators: readonly Validator[]
  readonly #keys: readonly KeyObject[]
  /** Position in the set by unit author. */
  readonly #positions: ReadonlyMap<string, number>
  readonly #quorum: bigint
  readonly #own: { readonly key: KeyObject; readonly position: number } | undefined
  readonly #store: KeyValueStore
  readonly #open = new Map<number, Open>()
  readonly #early = new Map<number, Map<number, Uint8Array>>()
  readonly #unsent: Vote[] = []
  #head = 0
  #newest: number

  constructor({ settings, validators, store, validatorKey }: IbcCheckpointsOptions) {
    this.chainId = settings.chainId
    this.#store = store
    const members = settings.voteKeys.map(({ address, publicKey }) => {
      const stake = BigInt(validators.find((validator) => validator.address === address)!.stake)
      return { address, publicKey: hexToBytes(publicKey), stake: stake < COIN ? 1n : stake / COIN }
    })
    this.#validators = cometValidators(members)
    this.#keys = this.#validators.map(({ pubKey }) => publicKeyOf(pubKey.ed25519))
    const positionOf = (publicKey: Uint8Array) =>
      this.#validators.findIndex(({ pubKey }) => Buffer.compare(pubKey.ed25519, publicKey) === 0)
    this.#positions = new Map(members.map(({ address, publicKey }) => [address, positionOf(publicKey)]))
    this.#quorum = (2n * members.reduce((sum, { stake }) => sum + stake, 0n)) / 3n
    if (validatorKey) {
      const key = privateKeyOf(ibcVoteKey(validatorKey))
      const position = positionOf(rawPublicKey(key))
      this.#own = position < 0 ? undefined : { key, position }
    }
    const newest = store.get(NEWEST_KEY)
    this.#newest = newest ? Number(new TextDecoder().decode(newest)) : 0
  }

  /** The newest height with a quorum of votes; 0 before the first. */
  get newest(): number {
    return this.#newest
  }

  /** A block is durable: its header can be signed and checked. `own`: this node's validator votes for it. */
  async blockDone(facts: BlockFacts): Promise<void> {
    this.#head = facts.height
    const header = this.#header(facts)
    this.#open.set(facts.height, { header, signatures: this.#validators.map(() => undefined) })
    this.#open.delete(facts.height - MAX_OPEN)
    if (this.#own) {
      const { signBytes } = checkpointVote(header, this.#validators, this.#own.position)
      const signature = new Uint8Array(sign(null, signBytes, this.#own.key))
      this.#unsent.push({ height: facts.height, signature })
      if (this.#unsent.length > MAX_VOTES) this.#unsent.shift()
      await this.#count(facts.height, this.#own.position, signature)
    }
    const early = this.#early.get(facts.height)
    this.#early.delete(facts.height)
    for (const [position, signature] of early ?? []) await this.#count(facts.height, position, signature)
  }

  /** What this validator has to say in its next unit. */
  takeMessages(): Message[] {
    const votes = this.#unsent.splice(0)
    return votes.length > 0 ? [votesMessage(votes)] : []
  }

  /** Looks for votes in a unit, whose author is known to have signed it. */
  async take(unit: Unit): Promise<void> {
    const position = this.#positions.get(unit.header.authors[0] ?? '')
    if (position === undefined || position === this.#own?.position) return
    for (const { height, signature } of votesOf(unit)) {
      if (height <= this.#head) await this.#count(height, position, signature)
      else if (height <= this.#head + MAX_AHEAD) {
        const votes = this.#early.get(height) ?? new Map<number, Uint8Array>()
        this.#early.set(height, votes.set(position, signature))
      }
    }
  }

  /** The signed header of a height; undefined where there is none (yet, or any more). */
  signed(height: number): SignedHeader | undefined {
    const bytes = this.#store.get(certificateKey(height))
    return bytes && (SignedHeader.decode(bytes) as SignedHeader)
  }

  /** The message that brings a client from `trusted` to `target`. */
  update(target: number, trusted: number): Any | undefined {
    const signed = this.signed(target)
    return (
      signed &&
      checkpointUpdate(
        signed,
        this.#validators,
        { revisionNumber: this.revision, revisionHeight: BigInt(trusted) },
        this.#validators,
      )
    )
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
    return checkpointHeader({
      chainId: this.chainId,
      height: BigInt(height),
      time,
      appHash,
      validators: this.#validators,
      nextValidators: this.#validators,
      unit: hexToBytes(unit),
      mainChainIndex: BigInt(mci),
    })
  }

  async #count(height: number, position: number, signature: Uint8Array): Promise<void> {
    const open = this.#open.get(height)
    if (!open || open.signatures[position]) return
    const { signBytes } = checkpointVote(open.header, this.#validators, position)
    if (!verify(null, signBytes, this.#keys[position]!, signature)) return
    open.signatures[position] = signature
    const power = this.#validators.reduce(
      (sum, { votingPower }, i) => (open.signatures[i] ? sum + votingPower : sum),
      0n,
    )
    if (power <= this.#quorum) return
    this.#open.delete(height)
    const certificate = SignedHeader.encode(signedCheckpoint(open.header, this.#validators, open.signatures))
    this.#newest = Math.max(this.#newest, height)
    await this.#store.batch([
      { key: certificateKey(height), value: certificate },
      { key: certificateKey(height - KEPT) },
      { key: NEWEST_KEY, value: new TextEncoder().encode(String(this.#newest)) },
    ])
  }
}

/** PKCS #8 and SubjectPublicKeyInfo of Ed25519 (RFC 8410) in front of the 32 bytes of a key. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex')

const privateKeyOf = (secret: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, secret]), format: 'der', type: 'pkcs8' })

const publicKeyOf = (key: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([SPKI_HEAD, key]), format: 'der', type: 'spki' })

const rawPublicKey = (key: KeyObject): Uint8Array =>
  new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI_HEAD.length))
