import { RLP } from '@ethereumjs/rlp'
import { bytesToHex } from '@ethereumjs/util'
import { type CheckpointMember, checkpointDigest, encodeCertificate } from '@zos/zpos/checkpoint'
import { MAX_CHECKPOINT_RANGE } from '../../checkpoint/checkpoints.ts'
import type { CheckpointRecord } from '../../checkpoint/record.ts'
import { encodeHeader } from '../../execution/header.ts'
import type { RpcContext, RpcMethod } from '../context.ts'
import { invalidParams } from '../rpc-error.ts'

/** Headers in one answer: 600 bytes each. */
const MAX_HEADERS = 512

function whole(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw invalidParams(`${name} must be a whole number of 0 or more`)
  return value
}

function formatMembers(members: readonly CheckpointMember[]) {
  return members.map(({ address, stake, keys }) => ({
    address,
    stake: stake.toString(),
    keys: keys.map(({ scheme, key }) => ({ scheme, key: bytesToHex(key) })),
  }))
}

function formatRecord({ checkpoint, members, next, certificate, cosigned }: CheckpointRecord, chainId: number) {
  return {
    id: bytesToHex(checkpointDigest(checkpoint, chainId)),
    ...checkpoint,
    committee: formatMembers(members),
    next: formatMembers(next),
    signers: certificate!.shares.map(({ address }) => address),
    certificate: bytesToHex(encodeCertificate(certificate!)),
    cosigned: Object.fromEntries(
      [...cosigned].map(([id, signatures]) => [
        id,
        [...signatures].map(([address, signature]) => ({ address, signature: bytesToHex(signature) })),
      ]),
    ),
  }
}

function recordsFrom({ checkpoints, genesis }: RpcContext, from: number, count: number) {
  const records: ReturnType<typeof formatRecord>[] = []
  for (let epoch = from; epoch < from + count; epoch++) {
    const record = checkpoints.certified(epoch)
    if (!record) break
    records.push(formatRecord(record, genesis.chainId))
  }
  return records
}

/** What light nodes live on. Numbers are plain JSON numbers, stakes decimal strings, bytes hex. */
export const checkpointMethods: Record<string, RpcMethod> = {
  /** The checkpoint of an epoch, or of the `latest` that has a certificate, with certificate and committees; null if there is none. */
  zos_getCheckpoint: ([epoch], { checkpoints, genesis }) => {
    const record = checkpoints.certified(epoch === 'latest' ? 'latest' : whole(epoch, 'epoch'))
    return record ? formatRecord(record, genesis.chainId) : null
  },

  /** Up to 16 checkpoints from an epoch on, without a gap. */
  zos_getCheckpoints: ([from, count], context) => {
    const wanted = whole(count, 'count')
    if (wanted < 1 || wanted > MAX_CHECKPOINT_RANGE) throw invalidParams(`count must be 1 to ${MAX_CHECKPOINT_RANGE}`)
    return recordsFrom(context, whole(from, 'from'), wanted)
  },

  /** The newest block that validators with more than two thirds of the stake have signed: its header and their signatures. */
  zos_getHead: (_, { head }) => {
    const latest = head()
    if (!latest) return null
    return {
      epoch: latest.statement.epoch,
      header: bytesToHex(encodeHeader(latest.block.header)),
      shares: latest.shares.map(({ address, signature }) => ({ address, signature: bytesToHex(signature) })),
    }
  },

  /**
   * A block's transactions (raw) and receipts, from which both of its roots can be computed. A receipt is the RLP of type, status, gas
   * used up to there, and logs; the bloom follows from the logs.
   */
  zos_getBlockBody: ([number], { chain }) => {
    const block = chain.block(whole(number, 'number'))
    if (!block) return null
    const transactions = chain.transactionsOf(block)
    return {
      transactions: transactions.map(({ raw }) => bytesToHex(raw)),
      receipts: transactions.map(({ receipt: { type, succeeded, cumulativeGasUsed, logs } }) =>
        bytesToHex(
          RLP.encode([
            type,
            succeeded ? 1 : 0,
            cumulativeGasUsed,
            logs.map(({ address, topics, data }) => [address, [...topics], data]),
          ]),
        ),
      ),
    }
  },

  /** The RLP of up to 512 block headers from a block number on. */
  zos_getHeaders: ([from, count], { chain }) => {
    const first = whole(from, 'from')
    const wanted = whole(count, 'count')
    if (wanted < 1 || wanted > MAX_HEADERS) throw invalidParams(`count must be 1 to ${MAX_HEADERS}`)
    const headers: string[] = []
    for (let number = first; number < first + wanted && number <= chain.head!.header.number; number++) {
      const block = chain.block(number)
      if (!block) break
      headers.push(bytesToHex(encodeHeader(block.header)))
    }
    return headers
  },
}
