/** CometBFT's JSON of light blocks, as tendermint-rs's fixtures carry it. */

import { GO_ZERO_TIME, type SignedHeader, type Validator } from '../../src/clients/tendermint/messages.ts'
import { type LightBlock, sortValidators } from '../../src/clients/tendermint/verify.ts'
import { fromBase64, fromHex } from '../../src/encoding/bytes.ts'

type Json = Record<string, any>

/** RFC 3339 with nanoseconds. */
export function parseTime(text: string): bigint {
  const [, seconds, fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/.exec(text)!
  if (seconds!.startsWith('0001-01-01')) return GO_ZERO_TIME
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0') || '0')
}

const hex = (text: string | null | undefined) => fromHex(text ?? '')
const blockId = (raw: Json | null) => ({
  hash: hex(raw?.hash),
  partSetHeader: {
    total: Number(raw?.part_set_header?.total ?? raw?.parts?.total ?? 0),
    hash: hex(raw?.part_set_header?.hash ?? raw?.parts?.hash),
  },
})

export function signedHeader(raw: Json): SignedHeader {
  const { header: h, commit: c } = raw as { header: Json; commit: Json }
  return {
    header: {
      version: { block: BigInt(h.version.block), app: BigInt(h.version.app ?? 0) },
      chainId: h.chain_id,
      height: BigInt(h.height),
      time: parseTime(h.time),
      lastBlockId: blockId(h.last_block_id),
      lastCommitHash: hex(h.last_commit_hash),
      dataHash: hex(h.data_hash),
      validatorsHash: hex(h.validators_hash),
      nextValidatorsHash: hex(h.next_validators_hash),
      consensusHash: hex(h.consensus_hash),
      appHash: hex(h.app_hash),
      lastResultsHash: hex(h.last_results_hash),
      evidenceHash: hex(h.evidence_hash),
      proposerAddress: hex(h.proposer_address),
    },
    commit: {
      height: BigInt(c.height),
      round: Number(c.round),
      blockId: blockId(c.block_id),
      signatures: (c.signatures ?? []).map((s: Json) => ({
        blockIdFlag: s.block_id_flag,
        validatorAddress: hex(s.validator_address),
        timestamp: s.timestamp ? parseTime(s.timestamp) : GO_ZERO_TIME,
        signature: s.signature ? fromBase64(s.signature) : new Uint8Array(0),
      })),
    },
  }
}

export const validators = (raw: Json | null): Validator[] =>
  sortValidators(
    (raw?.validators ?? []).map((v: Json) => ({
      address: hex(v.address),
      pubKey: { ed25519: fromBase64(v.pub_key.value), secp256k1: new Uint8Array(0) },
      votingPower: BigInt(v.voting_power ?? v.power ?? 0),
      proposerPriority: 0n,
    })),
  )

export const lightBlock = (raw: Json): LightBlock & { nextValidators: Validator[] } => ({
  signedHeader: signedHeader(raw.signed_header),
  validators: validators(raw.validator_set),
  nextValidators: validators(raw.next_validator_set),
})
