/**
 * Route A: a ZOS checkpoint in CometBFT's format. An unmodified 07-tendermint client anywhere follows ZOS by these headers. Validators
 * sign `CanonicalVote` precommits with Ed25519; the caller brings the stake table and whoever can sign.
 */

import { cosmosProofSpecs } from '../clients/tendermint/client.ts'
import {
  type BlockHeader,
  BlockIdFlag,
  ClientState,
  type Commit,
  ConsensusState,
  GO_ZERO_TIME,
  Header,
  type SignedHeader,
  TYPE_URLS,
  type Validator,
} from '../clients/tendermint/messages.ts'
import {
  headerHash,
  revisionOf,
  sortValidators,
  validatorAddress,
  validatorSetHash,
  voteSignBytes,
} from '../clients/tendermint/verify.ts'
import type { Any, Height } from '../core/messages.ts'
import { concat, utf8 } from '../encoding/bytes.ts'
import { sha256 } from '../hash/sha256.ts'

/** A validator set in canonical order, from Ed25519 keys and stakes. */
export function cometValidators(
  stakes: readonly { readonly publicKey: Uint8Array; readonly stake: bigint }[],
): Validator[] {
  return sortValidators(
    stakes.map(({ publicKey, stake }) => {
      const pubKey = { ed25519: publicKey, secp256k1: new Uint8Array(0) }
      return { address: validatorAddress(pubKey), pubKey, votingPower: stake, proposerPriority: 0n }
    }),
  )
}

/** What a checkpoint binds. */
export interface CheckpointFacts {
  /** Ends in `-<revision>`; heights carry the revision. */
  readonly chainId: string
  /** Contiguous: the checkpoint's number. */
  readonly height: bigint
  /** Nanoseconds, strictly increasing. */
  readonly time: bigint
  /** Simple Merkle root over the chain's stores, of the state after this height. */
  readonly appHash: Uint8Array
  readonly validators: readonly Validator[]
  readonly nextValidators: readonly Validator[]
  /** The main-chain unit that the checkpoint is about, and its index. */
  readonly unit: Uint8Array
  /** Index of the unit in the network's main chain. */
  readonly mainChainIndex: bigint
}

/** The synthetic header of a checkpoint. */
export function checkpointHeader(facts: CheckpointFacts): BlockHeader {
  return {
    version: { block: 11n, app: 1n },
    chainId: facts.chainId,
    height: facts.height,
    time: facts.time,
    lastBlockId: { hash: new Uint8Array(0), partSetHeader: { total: 0, hash: new Uint8Array(0) } },
    lastCommitHash: sha256(new Uint8Array(0)),
    dataHash: sha256(concat(facts.unit, utf8(`/${facts.mainChainIndex}`))),
    validatorsHash: validatorSetHash(facts.validators),
    nextValidatorsHash: validatorSetHash(facts.nextValidators),
    consensusHash: sha256(utf8('zos/comet/1')),
    appHash: facts.appHash,
    lastResultsHash: sha256(new Uint8Array(0)),
    evidenceHash: sha256(new Uint8Array(0)),
    proposerAddress: facts.validators[0]!.address,
  }
}

/** The unsigned commit of a header: every vote absent. */
function emptyCommit(header: BlockHeader, validators: readonly Validator[]): Commit {
  const hash = headerHash(header)
  return {
    height: header.height,
    round: 0,
    blockId: { hash, partSetHeader: { total: 1, hash } },
    signatures: validators.map(() => ({
      blockIdFlag: BlockIdFlag.ABSENT,
      validatorAddress: new Uint8Array(0),
      timestamp: GO_ZERO_TIME,
      signature: new Uint8Array(0),
    })),
  }
}

/** What validator `index` signs for a header. */
export function checkpointVote(
  header: BlockHeader,
  validators: readonly Validator[],
  index: number,
): { signBytes: Uint8Array; timestamp: bigint } {
  const commit = emptyCommit(header, validators)
  const vote = {
    blockIdFlag: BlockIdFlag.COMMIT,
    validatorAddress: validators[index]!.address,
    timestamp: header.time,
    signature: new Uint8Array(0),
  }
  return { signBytes: voteSignBytes(header.chainId, commit, vote), timestamp: vote.timestamp }
}

/** The signed header, from the signatures that came in (undefined: that validator is absent). */
export function signedCheckpoint(
  header: BlockHeader,
  validators: readonly Validator[],
  signatures: readonly (Uint8Array | undefined)[],
): SignedHeader {
  const commit = emptyCommit(header, validators)
  return {
    header,
    commit: {
      ...commit,
      signatures: commit.signatures.map((absent, i) => {
        const signature = signatures[i]
        if (!signature) return absent
        return {
          blockIdFlag: BlockIdFlag.COMMIT,
          validatorAddress: validators[i]!.address,
          timestamp: header.time,
          signature,
        }
      }),
    },
  }
}

/** The update message that carries a signed checkpoint to a client that trusts `trustedHeight`. */
export function checkpointUpdate(
  signed: SignedHeader,
  validators: readonly Validator[],
  trustedHeight: Height,
  trustedValidators: readonly Validator[],
): Any {
  const set = (members: readonly Validator[]) => ({
    validators: [...members],
    proposer: members[0],
    totalVotingPower: 0n,
  })
  return {
    typeUrl: TYPE_URLS.header,
    value: Header.encode({
      signedHeader: { header: signed.header, commit: signed.commit },
      validatorSet: set(validators),
      trustedHeight,
      trustedValidators: set(trustedValidators),
    }),
  }
}

const DAY = 86_400_000_000_000n

/** The two states that create a client of this chain, from a header it trusts. */
export function clientStates(
  header: BlockHeader,
  options: { trustingPeriod?: bigint; unbondingPeriod?: bigint; maxClockDrift?: bigint } = {},
): { clientState: Any; consensusState: Any } {
  return {
    clientState: {
      typeUrl: TYPE_URLS.clientState,
      value: ClientState.encode({
        chainId: header.chainId,
        trustLevel: { numerator: 1n, denominator: 3n },
        trustingPeriod: options.trustingPeriod ?? 14n * DAY,
        unbondingPeriod: options.unbondingPeriod ?? 21n * DAY,
        maxClockDrift: options.maxClockDrift ?? 10_000_000_000n,
        latestHeight: { revisionNumber: revisionOf(header.chainId), revisionHeight: header.height },
        proofSpecs: [...cosmosProofSpecs],
        upgradePath: ['upgrade', 'upgradedIBCState'],
      }),
    },
    consensusState: {
      typeUrl: TYPE_URLS.consensusState,
      value: ConsensusState.encode({
        timestamp: header.time,
        root: { hash: header.appHash },
        nextValidatorsHash: header.nextValidatorsHash,
      }),
    },
  }
}
