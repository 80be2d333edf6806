/** The encodings of Tendermint 0.33, in which tendermint-rs's bisection fixtures were made. For tests only. */
import { Nanoseconds } from '../../src/clients/tendermint/messages.ts'
import type { WireFormat } from '../../src/clients/tendermint/verify.ts'
import { concat, fromHex, utf8 } from '../../src/encoding/bytes.ts'
import { ProtoWriter } from '../../src/encoding/protobuf-wire.ts'
import { simpleRoot } from '../../src/merkle/simple.ts'

const prefixed = (bytes: Uint8Array) => (bytes.length === 0 ? bytes : concat(Uint8Array.of(bytes.length), bytes))
const field = (number: number, bytes: Uint8Array) => {
  if (bytes.length === 0) return bytes
  const writer = new ProtoWriter()
  writer.tag(number, 2)
  writer.bytes(bytes)
  return writer.finish()
}
const varintField = (number: number, value: bigint) => {
  const writer = new ProtoWriter()
  if (value !== 0n) {
    writer.tag(number, 0)
    writer.varint(value)
  }
  return writer.finish()
}
const fixedField = (number: number, value: bigint) => {
  const writer = new ProtoWriter()
  if (value !== 0n) {
    writer.tag(number, 1)
    writer.fixed64(value)
  }
  return writer.finish()
}
const bare = (value: bigint) => {
  const writer = new ProtoWriter()
  writer.varint(value)
  return writer.finish()
}
const time = (value: bigint) => Nanoseconds.encode(value as never)
const partSet = (p: { total: number; hash: Uint8Array }, hashFirst: boolean) =>
  hashFirst
    ? concat(field(1, p.hash), varintField(2, BigInt(p.total)))
    : concat(varintField(1, BigInt(p.total)), field(2, p.hash))

export const amino: WireFormat = {
  headerHash: (h) =>
    simpleRoot([
      concat(varintField(1, h.version.block), varintField(2, h.version.app)),
      prefixed(utf8(h.chainId)),
      bare(h.height),
      time(h.time),
      concat(field(1, h.lastBlockId.hash), field(2, partSet(h.lastBlockId.partSetHeader, false))),
      ...[
        h.lastCommitHash,
        h.dataHash,
        h.validatorsHash,
        h.nextValidatorsHash,
        h.consensusHash,
        h.appHash,
        h.lastResultsHash,
        h.evidenceHash,
        h.proposerAddress,
      ].map(prefixed),
    ]),
  validatorSetHash: (validators) =>
    simpleRoot(
      validators.map((v) =>
        concat(field(1, concat(fromHex('1624de6420'), v.pubKey.ed25519)), varintField(2, v.votingPower)),
      ),
    ),
  voteSignBytes: (chainId, commit, signature) => {
    const vote = concat(
      varintField(1, 2n),
      fixedField(2, commit.height),
      fixedField(3, BigInt(commit.round)),
      field(4, concat(field(1, commit.blockId.hash), field(2, partSet(commit.blockId.partSetHeader, true)))),
      field(5, time(signature.timestamp)),
      field(6, utf8(chainId)),
    )
    return concat(Uint8Array.of(vote.length), vote)
  },
}
