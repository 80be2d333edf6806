/** Follows checkpoints and heads: the only things that a light node takes from signatures. All else is proved from them. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { keccak256 } from '@zos/pipeline/hash'
import { sqisign1 } from '@zos/pq-isogeny/sqisign.verify.js'
import {
  bip340,
  type Checkpoint,
  type CheckpointCertificate,
  type CheckpointMember,
  checkHead,
  checkpointDigest,
  committeeHash,
  createFollower,
  decodeCertificate,
  encodeCheckpoint,
  type Follower,
  SCHEME_SQISIGN,
  type SchemeVerifier,
} from '@zos/zpos/checkpoint'
import { type BlockHeader, decodeHeader, headerHash } from '../execution/header.ts'
import type { TrustRoot } from './chain.ts'
import { LightError, SourceFault, SourceMiss } from './errors.ts'
import type { Ask } from './sources.ts'

/** A verified header. */
export interface VerifiedHeader {
  readonly header: BlockHeader
  readonly hash: `0x${string}`
}

/** A block whose hash a checkpoint names. */
export interface Anchor {
  readonly block: number
  readonly hash: `0x${string}`
}

/** What is trusted: kept between runs. */
export interface TrustState {
  readonly epoch: number
  readonly members: readonly CheckpointMember[]
  readonly timeMs: number
  /** The newest first; bounded by {@link MAX_ANCHORS}. */
  readonly anchors: readonly Anchor[]
}

/** Checkpoint blocks remembered: seven weeks of hourly epochs. */
const MAX_ANCHORS = 1_200
/** Records asked for at a time. */
const BATCH = 16
/** The committee at most, and an answer's records: nothing larger is looked at. */
const MAX_MEMBERS = 100

const sqisign: SchemeVerifier = {
  scheme: SCHEME_SQISIGN,
  verify: (key, digest, signature) => sqisign1.verify(signature, digest, key),
}

interface CheckpointAnswer {
  readonly certificate: CheckpointCertificate
  readonly next: CheckpointMember[]
}

export class Trust {
  readonly #root: TrustRoot
  readonly #maxTrustAgeMs: number
  readonly #now: () => number
  #follower: Follower
  #anchors: Anchor[]
  #head: VerifiedHeader | undefined

  constructor(root: TrustRoot, options: { state: TrustState | undefined; maxTrustAgeMs: number; now: () => number }) {
    this.#root = root
    this.#maxTrustAgeMs = options.maxTrustAgeMs
    this.#now = options.now
    const trusted = options.state ?? { epoch: 0, members: root.members, timeMs: root.timeMs }
    this.#anchors = [...(options.state?.anchors ?? [])]
    this.#follower = this.#followerFrom(trusted)
  }

  /** The newest verified block. */
  get head(): VerifiedHeader | undefined {
    return this.#head
  }

  /** Blocks of checkpoints, newest first. */
  get anchors(): readonly Anchor[] {
    return this.#anchors
  }

  /** Unix milliseconds after which nothing new can be believed. */
  get trustedUntilMs(): number {
    return this.#follower.trusted().timeMs + this.#maxTrustAgeMs
  }

  get epoch(): number {
    return this.#follower.trusted().epoch
  }

  state(): TrustState {
    return { ...this.#follower.trusted(), anchors: this.#anchors }
  }

  /** Throws `LIGHT_CHECKPOINT_STALE` if trust has run out. */
  assertFresh(): void {
    const { epoch, timeMs } = this.#follower.trusted()
    const ageMs = this.#now() - timeMs
    if (ageMs <= this.#maxTrustAgeMs) return
    throw new LightError(
      'LIGHT_CHECKPOINT_STALE',
      `what this node trusts (the committee of epoch ${epoch}) is ${Math.round(ageMs / 3_600_000)} hours old, older than it may be; start from a newer checkpoint that you have from somebody you trust`,
      { epoch, ageMs, maxTrustAgeMs: this.#maxTrustAgeMs },
    )
  }

  /** Begins at a checkpoint that the user names by epoch and id: the id binds all of it, so no signature is needed. */
  async startAt(ask: Ask, { epoch, id }: { epoch: number; id: string }): Promise<void> {
    const { certificate, next } = parseCheckpoint(await ask('zos_getCheckpoint', epoch))
    const { checkpoint } = certificate
    if (`0x${bytesToHex(checkpointDigest(checkpoint, this.#root.chainId))}` !== id.toLowerCase())
      throw new SourceFault(`its checkpoint of epoch ${epoch} is not ${id}`)
    if (committeeHash(checkpoint.epoch + 1, next) !== checkpoint.nextCommittee)
      throw new SourceFault('a committee that the checkpoint does not name')
    this.#follower = this.#followerFrom({ epoch: checkpoint.epoch + 1, members: next, timeMs: checkpoint.timeMs })
    this.#anchors = []
    this.#remember(checkpoint)
  }

  /** Follows all checkpoints that a source has. Returns how many there were. */
  async followCheckpoints(ask: Ask): Promise<number> {
    let followed = 0
    for (;;) {
      this.assertFresh()
      const answer = await ask('zos_getCheckpoints', this.epoch, BATCH)
      if (!Array.isArray(answer) || answer.length > BATCH) throw new SourceFault('no list of checkpoints')
      for (const item of answer) {
        this.assertFresh()
        const { certificate, next } = parseCheckpoint(item)
        const result = this.#follower.follow(certificate, next, this.#now())
        if (result.status === 'refused')
          throw new SourceFault(`checkpoint ${certificate.checkpoint.epoch}: ${result.reason}`)
        this.#remember(result.checkpoint)
        followed++
      }
      if (answer.length < BATCH) return followed
    }
  }

  /** Takes the newest block that a source has signatures for. True if it is newer than ours. */
  async followHead(ask: Ask): Promise<boolean> {
    const answer = await ask('zos_getHead')
    if (answer === null) throw new SourceMiss('the source has no head yet')
    const { epoch, header: encoded, shares } = answer as { epoch: unknown; header: unknown; shares: unknown }
    if (typeof epoch !== 'number' || !Array.isArray(shares) || shares.length > MAX_MEMBERS)
      throw new SourceFault('no head')
    const verified = parseHeader(encoded)
    const { header, hash } = verified
    if (epoch > this.epoch) throw new SourceMiss(`a head of epoch ${epoch}, whose committee is not known yet`)
    // A source that is behind does not lie; a head of an epoch that has ended tells nothing new.
    const newest = this.#head?.header.number ?? this.#anchors[0]?.block ?? -1
    if (epoch < this.epoch || header.number < newest) return false
    if (header.number === this.#head?.header.number && hash === this.#head.hash) return false
    const parsed = shares.map((share) => {
      const { address, signature } = share as { address: unknown; signature: unknown }
      return { address: String(address), signature: bytesOf(signature, 64) }
    })
    const statement = { epoch, block: header.number, blockHash: hash }
    const fault = checkHead(statement, parsed, this.#follower.trusted().members, this.#root.chainId)
    if (fault !== undefined) throw new SourceFault(`head ${header.number}: ${fault}`)
    if (header.number === newest && hash !== (this.#head?.hash ?? this.#anchors[0]?.hash))
      throw new LightError(
        'LIGHT_FORK',
        `two blocks ${header.number} are signed by more than two thirds of the stake`,
        {
          block: header.number,
          hashes: [hash, this.#head?.hash ?? this.#anchors[0]?.hash],
        },
      )
    this.#head = verified
    return true
  }

  /** A head from stored state, checked again by nobody: it was verified by this node before. */
  restoreHead(encoded: Uint8Array): void {
    const header = decodeHeader(encoded)
    this.#head = { header, hash: headerHash(header) }
  }

  #followerFrom(trusted: { epoch: number; members: readonly CheckpointMember[]; timeMs: number }): Follower {
    return createFollower({
      trusted,
      networkId: this.#root.chainId,
      trustMs: this.#maxTrustAgeMs,
      verifiers: this.#root.hybrid ? [bip340, sqisign] : [bip340],
    })
  }

  #remember({ block, blockHash }: Checkpoint): void {
    this.#anchors.unshift({ block, hash: blockHash })
    this.#anchors.length = Math.min(this.#anchors.length, MAX_ANCHORS)
  }
}

/** Reads an RLP header in hex; its hash follows from it. */
export function parseHeader(encoded: unknown): VerifiedHeader {
  if (typeof encoded !== 'string' || encoded.length > 2_048) throw new SourceFault('no header')
  try {
    const bytes = bytesOf(encoded)
    const header = decodeHeader(bytes)
    const hash: `0x${string}` = `0x${bytesToHex(keccak256(bytes))}`
    // Fields that a ZOS header has only one value for are not kept: the header must be the one that they belong to.
    if (headerHash(header) !== hash) throw new SourceFault('a header of another form')
    return { header, hash }
  } catch {
    throw new SourceFault('a header that does not decode')
  }
}

/** Bytes from hex that a source sent. */
export function bytesOf(hex: unknown, length?: number): Uint8Array {
  if (
    typeof hex !== 'string' ||
    !/^0x([0-9a-fA-F]{2})*$/.test(hex) ||
    (length !== undefined && hex.length !== 2 + 2 * length)
  )
    throw new SourceFault('no hex data where some should be')
  return hexToBytes(hex.slice(2))
}

function parseCheckpoint(answer: unknown): CheckpointAnswer {
  if (answer === null) throw new SourceMiss('the source does not have this checkpoint')
  const { certificate, next } = answer as { certificate: unknown; next: unknown }
  const decoded = decodeCertificate(bytesOf(certificate))
  if (!decoded || !Array.isArray(next) || next.length > MAX_MEMBERS) throw new SourceFault('no checkpoint')
  // What does not encode again is no checkpoint of anybody.
  encodeCheckpoint(decoded.checkpoint)
  return { certificate: decoded, next: next.map(parseMember) }
}

/** A member as JSON-RPC tells it. */
export function parseMember(item: unknown): CheckpointMember {
  const { address, stake, keys } = item as { address: unknown; stake: unknown; keys: unknown }
  if (typeof stake !== 'string' || !/^[0-9]{1,40}$/.test(stake) || !Array.isArray(keys) || keys.length > 4)
    throw new SourceFault('no member of a committee')
  return {
    // As certificates write it: the hash of a committee is the same in capitals, and would let nobody's share count.
    address: `0x${bytesToHex(bytesOf(address, 20))}`,
    stake: BigInt(stake),
    keys: keys.map((entry) => {
      const { scheme, key } = entry as { scheme: unknown; key: unknown }
      // The hash of a committee takes a scheme's lowest byte alone.
      if (!Number.isInteger(scheme) || Number(scheme) !== (Number(scheme) & 0xff)) throw new SourceFault('no key')
      return { scheme: Number(scheme), key: bytesOf(key) }
    }),
  }
}
