/** CometBFT's types and the messages of the 07-tendermint client (`tendermint/types`, `ibc/lightclients/tendermint/v1`). */
import { Height, MerkleRoot } from '../../core/messages.ts'
import {
  bool,
  bytes,
  type Codec,
  embed,
  int32,
  int64,
  type MessageOf,
  message,
  optional,
  repeated,
  repeatedString,
  sfixed64,
  string,
  uint32,
  uint64,
} from '../../encoding/protobuf.ts'
import { HubError } from '../../errors.ts'
import { ProofSpecCodec } from '../../ics23/codec.ts'

const NANO = 1_000_000_000n
const Seconds = message({ seconds: int64(1), nanos: int32(2) })

/** `google.protobuf.Timestamp` and `Duration` as one number of nanoseconds. */
export const Nanoseconds: Codec<bigint> = {
  create: () => 0n,
  encode(value) {
    const time = value as bigint
    const nanos = ((time % NANO) + NANO) % NANO
    return Seconds.encode({ seconds: (time - nanos) / NANO, nanos: Number(nanos) })
  },
  decode(source) {
    const { seconds, nanos } = Seconds.decode(source)
    if (nanos < 0 || nanos >= 1_000_000_000) throw new HubError('HUB_DECODE', 'nanoseconds out of range', { nanos })
    return seconds * NANO + BigInt(nanos)
  },
}

/** Go's zero time, which absent votes carry. */
export const GO_ZERO_TIME: bigint = -62_135_596_800n * NANO

export const PartSetHeader = message({ total: uint32(1), hash: bytes(2) })
export const BlockId = message({ hash: bytes(1), partSetHeader: embed(2, PartSetHeader) })
export type BlockId = MessageOf<typeof BlockId>
const ConsensusVersion = message({ block: uint64(1), app: uint64(2) })

/**
 * A CometBFT block header (`tendermint.types.Header`): fourteen fields, `time` in nanoseconds since 1970, all hashes 32
 * bytes. `appHash` is the root that ICS-23 proofs lead to: the state after the block *before*.
 */
export const BlockHeader = message({
  version: embed(1, ConsensusVersion),
  chainId: string(2),
  height: int64(3),
  time: embed(4, Nanoseconds),
  lastBlockId: embed(5, BlockId),
  lastCommitHash: bytes(6),
  dataHash: bytes(7),
  validatorsHash: bytes(8),
  nextValidatorsHash: bytes(9),
  consensusHash: bytes(10),
  appHash: bytes(11),
  lastResultsHash: bytes(12),
  evidenceHash: bytes(13),
  proposerAddress: bytes(14),
})
/** The fields of a block header, decoded. */
export type BlockHeader = MessageOf<typeof BlockHeader>

export const BlockIdFlag = { ABSENT: 1, COMMIT: 2, NIL: 3 } as const
/**
 * One validator's precommit in a commit: `blockIdFlag` 1 absent, 2 for the block, 3 for none; the 20-byte address, its
 * vote's time in nanoseconds, and the signature over its canonical vote.
 */
export const CommitSig = message({
  blockIdFlag: uint32(1),
  validatorAddress: bytes(2),
  timestamp: embed(3, Nanoseconds),
  signature: bytes(4),
})
/** One validator's precommit, decoded. */
export type CommitSig = MessageOf<typeof CommitSig>
/**
 * The precommits that made a block final (`tendermint.types.Commit`): height, round, the block's id, and one {@link
 * CommitSig} a validator.
 */
export const Commit = message({
  height: int64(1),
  round: int32(2),
  blockId: embed(3, BlockId),
  signatures: repeated(4, CommitSig),
})
/** The precommits of a block, decoded. */
export type Commit = MessageOf<typeof Commit>
/** A header with its commit, on the wire, where either may be missing; the client refuses it then. */
export const SignedHeader = message({ header: optional(1, BlockHeader), commit: optional(2, Commit) })
/** A header with its commit, both there: what {@link verifyHeader} works on and `/commit` of a node's RPC serves. */
export type SignedHeader = { readonly header: BlockHeader; readonly commit: Commit }

export const PublicKey = message({ ed25519: bytes(1), secp256k1: bytes(2) })
/** A validator as CometBFT lists it: address of 20 bytes, key, voting power, and a priority that no hash covers. */
export const Validator = message({
  address: bytes(1),
  pubKey: embed(2, PublicKey),
  votingPower: int64(3),
  proposerPriority: int64(4),
})
/** A validator, decoded. `pubKey` has one of its two keys; the other is empty. */
export type Validator = MessageOf<typeof Validator>
export const ValidatorSet = message({
  validators: repeated(1, Validator),
  proposer: optional(2, Validator),
  totalVotingPower: int64(3),
})
/** What enters the hash of a validator set. */
export const SimpleValidator = message({ pubKey: embed(1, PublicKey), votingPower: int64(2) })

const CanonicalBlockId = message({ hash: bytes(1), partSetHeader: embed(2, PartSetHeader) })
/** What a validator signs, length-delimited. */
export const CanonicalVote = message({
  type: uint32(1),
  height: sfixed64(2),
  round: sfixed64(3),
  blockId: optional(4, CanonicalBlockId),
  timestamp: embed(5, Nanoseconds),
  chainId: string(6),
})

const Fraction = message({ numerator: uint64(1), denominator: uint64(2) })
/**
 * The state of an 07-tendermint client (ICS-07). Periods are nanoseconds, `trustingPeriod` shorter than
 * `unbondingPeriod`; `trustLevel` lies between 1/3 and 1; a `frozenHeight` other than 0-0 means frozen; `proofSpecs`
 * are ICS-23's, from the store up.
 */
export const ClientState = message({
  chainId: string(1),
  trustLevel: embed(2, Fraction),
  trustingPeriod: embed(3, Nanoseconds),
  unbondingPeriod: embed(4, Nanoseconds),
  maxClockDrift: embed(5, Nanoseconds),
  frozenHeight: embed(6, Height),
  latestHeight: embed(7, Height),
  proofSpecs: repeated(8, ProofSpecCodec),
  upgradePath: repeatedString(9),
  allowUpdateAfterExpiry: bool(10),
  allowUpdateAfterMisbehaviour: bool(11),
})
/** The state of an 07-tendermint client, decoded. */
export type ClientState = MessageOf<typeof ClientState>
/**
 * What an 07-tendermint client keeps of a height: block time (nanoseconds since 1970), the app hash as `root`, and the
 * hash of the validators that sign the next height.
 */
export const ConsensusState = message({
  timestamp: embed(1, Nanoseconds),
  root: embed(2, MerkleRoot),
  nextValidatorsHash: bytes(3),
})
/** What an 07-tendermint client keeps of a height, decoded. */
export type ConsensusState = MessageOf<typeof ConsensusState>
/**
 * An update of an 07-tendermint client (ICS-07): a signed header with its validator set, and the height that is trusted
 * with the set that signs the one after it. A relayer makes it; {@link createTendermintClient} reads it.
 */
export const Header = message({
  signedHeader: optional(1, SignedHeader),
  validatorSet: optional(2, ValidatorSet),
  trustedHeight: embed(3, Height),
  trustedValidators: optional(4, ValidatorSet),
})
/** An update of an 07-tendermint client, decoded. */
export type Header = MessageOf<typeof Header>
/**
 * Evidence against a chain (ICS-07): two headers that both verify and differ at one height, or whose times do not rise
 * with their heights. Anyone may send it; it freezes the client.
 */
export const Misbehaviour = message({ clientId: string(1), header1: optional(2, Header), header2: optional(3, Header) })

/** The `Any` type URLs of ICS-07, as ibc-go registers them. */
export const TYPE_URLS = {
  clientState: '/ibc.lightclients.tendermint.v1.ClientState',
  consensusState: '/ibc.lightclients.tendermint.v1.ConsensusState',
  header: '/ibc.lightclients.tendermint.v1.Header',
  misbehaviour: '/ibc.lightclients.tendermint.v1.Misbehaviour',
} as const
