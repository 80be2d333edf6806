/**
 * Who the validators among the peers are: a record under both keys of a validator that binds them to its network key. Peers
 * show it when they join; one that shows a wrong record is at fault, one without any is a node without a stake.
 */
import { bytesToHex } from '@ethereumjs/util'
import type { ValidatorInfo } from '@zos/zpos'
import type { Isogeny } from './isogeny.ts'

/** How long a record is valid, and clocks that are behind. Half of it later a new one is signed. */
const VALID_SECONDS = 60 * 86_400
const CLOCK_SKEW_SECONDS = 3_600
/** How often a peer is asked: its record may still be in the making, and a node without a stake has none. */
const MAX_ATTEMPTS = 8
/** Peers whose identity is remembered: as many as a node has connections. */
const MAX_PEERS = 128

export interface PeerIdentitiesOptions {
  readonly isogeny: Isogeny
  /** 32 bytes. */
  readonly genesisHash: Uint8Array
  readonly members: () => readonly ValidatorInfo[]
  /** Of a validator in a network with isogeny keys. */
  readonly keys: { readonly secretKey: Uint8Array; readonly isogenyKey: Uint8Array } | undefined
  readonly now: () => number
}

export class PeerIdentities {
  readonly #options: PeerIdentitiesOptions
  readonly #validators = new Map<string, string>()
  readonly #attempts = new Map<string, number>()
  #own: { signing: Promise<void>; record: Uint8Array | undefined; signedAt: number } | undefined

  constructor(options: PeerIdentitiesOptions) {
    this.#options = options
  }

  /** This node's record for its network key `peerId`; undefined for a node without a stake, and while it is being signed. */
  own(peerId: string): Uint8Array | undefined {
    const { keys, now } = this.#options
    const seconds = Math.floor(now() / 1_000)
    if (keys && (!this.#own || seconds - this.#own.signedAt > VALID_SECONDS / 2)) this.#sign(peerId, seconds)
    return this.#own?.record
  }

  /** Resolves when what is being signed is there. */
  async signed(): Promise<void> {
    await this.#own?.signing
  }

  /** Those of `peers` to ask now: each some times, until it has shown a record. */
  toAsk(peers: readonly string[]): string[] {
    for (const peer of this.#attempts.keys()) if (!peers.includes(peer)) this.#attempts.delete(peer)
    const asked = peers.filter((peer) => (this.#attempts.get(peer) ?? 0) < MAX_ATTEMPTS)
    for (const peer of asked) this.#attempts.set(peer, (this.#attempts.get(peer) ?? 0) + 1)
    return asked
  }

  /** Takes the record that `peer` showed. Says what is wrong with it; undefined if nothing is. */
  async take(peer: string, record: Uint8Array): Promise<string | undefined> {
    const { isogeny, genesisHash, now, members } = this.#options
    this.#attempts.set(peer, MAX_ATTEMPTS)
    const verdict = await isogeny.verifyIdentity(record, genesisHash, BigInt(Math.floor(now() / 1_000)))
    if (typeof verdict === 'string') return `identity record: ${verdict}`
    if (new TextDecoder().decode(verdict.payload) !== peer) return 'identity record of another network key'
    const classical = bytesToHex(verdict.publicKey.subarray(0, 33))
    const member = members().find(({ publicKey }) => bytesToHex(publicKey) === classical)
    if (!member) return undefined
    if (!member.isogenyKey || bytesToHex(verdict.publicKey.subarray(33)) !== bytesToHex(member.isogenyKey))
      return `identity record of ${member.address} with an isogeny key that is not its own`
    this.#validators.set(peer, member.address)
    if (this.#validators.size > MAX_PEERS) this.#validators.delete(this.#validators.keys().next().value!)
    return undefined
  }

  /** The validators among `peers`, by address. */
  validators(peers: readonly string[]): string[] {
    return [...new Set(peers.flatMap((peer) => this.#validators.get(peer) ?? []))]
  }

  /** In its own thread; what was signed before stays until the new one is there. */
  #sign(peerId: string, seconds: number): void {
    const { keys, isogeny, genesisHash } = this.#options
    const identity = {
      networkId: genesisHash,
      sequence: BigInt(seconds),
      notBefore: BigInt(Math.max(0, seconds - CLOCK_SKEW_SECONDS)),
      notAfter: BigInt(seconds + VALID_SECONDS),
      payload: new TextEncoder().encode(peerId),
    }
    const own = { signing: Promise.resolve(), record: this.#own?.record, signedAt: seconds }
    own.signing = isogeny.signIdentity(identity, keys!).then(
      (record) => {
        own.record = record
      },
      () => {
        // The thread ended: the next question starts another.
        this.#own = undefined
      },
    )
    this.#own = own
  }
}
