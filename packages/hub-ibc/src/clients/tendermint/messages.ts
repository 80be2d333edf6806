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
export type BlockHeader = MessageOf<typeof BlockHeader>

export const BlockIdFlag = { ABSENT: 1, COMMIT: 2, NIL: 3 } as const
export const CommitSig = message({
  blockIdFlag: uint32(1),
  validatorAddress: bytes(2),
  timestamp: embed(3, Nanoseconds),
  signature: bytes(4),
})
export type CommitSig = MessageOf<typeof CommitSig>
export const Commit = message({
  height: int64(1),
  round: int32(2),
  blockId: embed(3, BlockId),
  signatures: repeated(4, CommitSig),
})
export type Commit = MessageOf<typeof Commit>
export const SignedHeader = message({ header: optional(1, BlockHeader), commit: optional(2, Commit) })
export type SignedHeader = { readonly header: BlockHeader; readonly commit: Commit }

export const PublicKey = message({ ed25519: bytes(1), secp256k1: bytes(2) })
export const Validator = message({
  address: bytes(1),
  pubKey: embed(2, PublicKey),
  votingPower: int64(3),
  proposerPriority: int64(4),
})
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
export type ClientState = MessageOf<typeof ClientState>
export const ConsensusState = message({
  timestamp: embed(1, Nanoseconds),
  root: embed(2, MerkleRoot),
  nextValidatorsHash: bytes(3),
})
export type ConsensusState = MessageOf<typeof ConsensusState>
export const Header = message({
  signedHeader: optional(1, SignedHeader),
  validatorSet: optional(2, ValidatorSet),
  trustedHeight: embed(3, Height),
  trustedValidators: optional(4, ValidatorSet),
})
export type Header = MessageOf<typeof Header>
export const Misbehaviour = message({ clientId: string(1), header1: optional(2, Header), header2: optional(3, Header) })

export const TYPE_URLS = {
  clientState: '/ibc.lightclients.tendermint.v1.ClientState',
  consensusState: '/ibc.lightclients.tendermint.v1.ConsensusState',
  header: '/ibc.lightclients.tendermint.v1.Header',
  misbehaviour: '/ibc.lightclients.tendermint.v1.Misbehaviour',
} as const
