/** A chain made block by block, with the node's own executor, state, checkpoints and RPC, but no network and no clock: what light nodes are tested on. */
import { bytesToHex } from '@ethereumjs/util'
import { decodeTransaction } from '@zos/pipeline/transaction'
import { sqisign1 } from '@zos/pq-isogeny/sqisign.js'
import { signCheckpoint } from '@zos/zpos'
import { type Checkpoint, checkpointDigest, committeeHash, signHead } from '@zos/zpos/checkpoint'
import { Transaction, Wallet } from 'ethers'
import { Chain } from '../../src/chain/chain.ts'
import { asSigners, RULES_HASH } from '../../src/checkpoint/members.ts'
import type { CheckpointRecord } from '../../src/checkpoint/record.ts'
import { ethereumBlockSize } from '../../src/execution/block-rlp.ts'
import { Evm } from '../../src/execution/evm.ts'
import { executeBlock } from '../../src/execution/execute-block.ts'
import { type BlockHeader, headerHash, nextBaseFee } from '../../src/execution/header.ts'
import type { SignedTransaction } from '../../src/execution/signed-transaction.ts'
import { consensusSettings } from '../../src/genesis/consensus-genesis.ts'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'
import { genesisHash } from '../../src/genesis/genesis.ts'
import { createGenesisBlock } from '../../src/genesis/genesis-block.ts'
import { SourceRefusal } from '../../src/light/sources.ts'
import { createConsensusNative } from '../../src/native/consensus-contract.ts'
import { createDagNative } from '../../src/native/dag-contract.ts'
import type { CallLimits } from '../../src/rpc/call-pace.ts'
import { createCallRunner, type RpcContext } from '../../src/rpc/context.ts'
import { createRpcRouter } from '../../src/rpc/router.ts'
import { WorldState } from '../../src/state/world-state.ts'
import { createMemoryStore } from '../../src/store/kv.ts'

/** In the past, so that trust can be too old. */
const BEGIN_MS = 1_750_000_000_000

export async function createTestChain(limits: CallLimits = {}) {
  const { genesis, accounts, validatorKeys } = devnetGenesis({ validators: 4, timestampMs: BEGIN_MS })
  const { chainId } = genesis
  const store = createMemoryStore()
  const chain = new Chain(store)
  const state = new WorldState(store, 0)
  await createGenesisBlock(genesis, genesisHash(genesis), state, chain)
  const blockHash = (number: number) => chain.block(number)?.hash
  const natives = [createConsensusNative(consensusSettings(genesis)), createDagNative()]
  const evm = await Evm.create(chainId, blockHash, natives)
  const call = await createCallRunner(chainId, blockHash, natives, undefined, limits)
  const members = asSigners(
    genesis.validators.map(({ address, publicKey, isogenyKey, stake }) => ({
      address: address as never,
      publicKey: Buffer.from(publicKey.slice(2), 'hex'),
      isogenyKey: Buffer.from(isogenyKey!.slice(2), 'hex'),
      stake: BigInt(stake),
    })),
  )
  const records: CheckpointRecord[] = []
  let pool: SignedTransaction[] = []
  let head: ReturnType<RpcContext['head']>

  const submit = (raw: Uint8Array): `0x${string}` => {
    const decoded = decodeTransaction(raw, { chainId: BigInt(chainId) })
    if (decoded.status !== 'ok') throw new Error(decoded.reason)
    const hash = bytesToHex(decoded.tx.hash)
    pool.push({ tx: decoded.tx, hash, sender: Transaction.from(bytesToHex(raw)).from!.toLowerCase() as `0x${string}` })
    return hash
  }

  const router = createRpcRouter(
    {
      genesis,
      chain,
      state,
      checkpoints: { certified: (epoch: number | 'latest') => (epoch === 'latest' ? records.at(-1) : records[epoch]) },
      head: () => head,
      mempool: { get: (hash: string) => pool.find((one) => one.hash === hash) },
      intake: { submit: async (raw: Uint8Array) => submit(raw) },
      call,
    } as unknown as RpcContext,
    (error) => {
      throw error
    },
  )

  return {
    genesis,
    accounts,
    chain,
    records,
    /** The answer to a body, as the port gives it. */
    handle: (body: string) => router.handle(body),
    /** One JSON-RPC call, as a source makes it. */
    async request(method: string, params: readonly unknown[]): Promise<any> {
      const answer = JSON.parse((await router.handle(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })))!)
      if (answer.error)
        throw Object.assign(new SourceRefusal(answer.error.code, answer.error.message), { data: answer.error.data })
      return answer.result
    },
    async sign(
      from: number,
      fields: { to?: string | null; data?: string; value?: bigint; nonce: number; gasLimit?: bigint },
    ) {
      const wallet = new Wallet(bytesToHex(accounts[from]!.privateKey))
      return (await wallet.signTransaction({
        type: 2,
        chainId,
        gasLimit: 200_000n,
        maxFeePerGas: 10n ** 10n,
        maxPriorityFeePerGas: 1n,
        ...fields,
      })) as `0x${string}`
    },
    /** Executes what was sent in one block, and has a quorum sign it as the head. */
    async mine(): Promise<number> {
      const parent = chain.head!
      const number = parent.header.number + 1
      const id = `0x${number.toString(16).padStart(64, '0')}` as const
      const context = {
        number,
        beneficiary: genesis.validators[0]!.address,
        gasLimit: parent.header.gasLimit,
        timestamp: parent.header.timestamp + 1,
        mixHash: id,
        baseFeePerGas: nextBaseFee(parent.header),
        parentBeaconBlockRoot: parent.leader,
      }
      const executed = await executeBlock(evm, state.latest(), context, pool)
      pool = []
      const { stateRoot, stored } = state.apply(number, executed.changes)
      const { transactionsRoot, receiptsRoot, logsBloom, gasUsed } = executed
      const header: BlockHeader = {
        ...context,
        parentHash: parent.hash,
        stateRoot,
        transactionsRoot,
        receiptsRoot,
        logsBloom,
        gasUsed,
        extraData: id,
      }
      const transactions = executed.included.map(({ transaction: { tx, hash, sender }, receipt }, index) => ({
        raw: tx.raw,
        hash,
        sender,
        receipt,
        unit: id,
        block: number,
        index,
      }))
      const block = {
        header,
        hash: headerHash(header),
        leader: id,
        round: number,
        units: [{ id, mci: number, height: number }],
        transactions: transactions.map(({ hash }) => hash),
        size: ethereumBlockSize(header, transactions),
      }
      await chain.append({ block, transactions, skipped: [] }, stored)
      state.settled()
      const statement = { epoch: records.length, block: number, blockHash: block.hash }
      const shares = validatorKeys
        .slice(1)
        .map(({ address, privateKey }) => ({ address, signature: signHead(statement, chainId, privateKey) }))
      head = { statement, block, shares }
      return number
    },
    /** Ends the epoch with the newest block: a checkpoint under both signatures of three of the four. */
    endEpoch(): Checkpoint {
      const { header, hash } = chain.head!
      const epoch = records.length
      const checkpoint: Checkpoint = {
        epoch,
        mci: header.number,
        unit: header.extraData,
        stateRoot: header.stateRoot,
        block: header.number,
        blockHash: hash,
        timeMs: header.timestamp * 1_000,
        nextCommittee: committeeHash(epoch + 1, members),
        rulesHash: RULES_HASH,
      }
      const digest = checkpointDigest(checkpoint, chainId)
      const shares = validatorKeys.slice(0, 3).map(({ address, privateKey, isogenyKey }) => ({
        address,
        signatures: [
          { scheme: 1, signature: signCheckpoint(checkpoint, chainId, privateKey) },
          { scheme: 2, signature: sqisign1.sign(digest, isogenyKey) },
        ],
      }))
      records.push({ checkpoint, members, next: members, certificate: { checkpoint, shares }, cosigned: new Map() })
      return checkpoint
    },
  }
}

export type TestChain = Awaited<ReturnType<typeof createTestChain>>
