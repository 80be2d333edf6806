/**
 * Loads a chain of Ethereum's history (its genesis and its blocks in RLP) into the node's own chain and state. Blocks are executed by
 * @ethereumjs under the hardfork that each had, and have to come to the receipts and the state root that their headers name.
 */
import { type Block, createBlockFromRLP } from '@ethereumjs/block'
import { type Common, createCommonFromGethGenesis, type GethGenesis } from '@ethereumjs/common'
import { EVM, type EVMMockBlockchainInterface, NobleBN254 } from '@ethereumjs/evm'
import { RLP } from '@ethereumjs/rlp'
import { bytesToBigInt, bytesToHex, hexToBytes, setLengthLeft } from '@ethereumjs/util'
import { createVM, type PreByzantiumTxReceipt, runBlock, type TxReceipt, type VM } from '@ethereumjs/vm'
import type { StoredBlock, StoredTransaction } from '../../src/chain/block-codec.ts'
import { Chain } from '../../src/chain/chain.ts'
import { ethereumBlockSize } from '../../src/execution/block-rlp.ts'
import { EthereumState } from '../../src/execution/ethereum-state.ts'
import { type BlockHeader, constantFields, decodeHeader, headerHash, ZERO_HASH } from '../../src/execution/header.ts'
import { EMPTY_ACCOUNT, type Hash } from '../../src/state/account.ts'
import { StateOverlay } from '../../src/state/overlay.ts'
import { WorldState } from '../../src/state/world-state.ts'
import { createMemoryStore } from '../../src/store/kv.ts'

export interface ImportedChain {
  chain: Chain
  state: WorldState
  /** The rules of the chain; the hardfork is set block by block. */
  common: Common
  genesis: GethGenesis
}

export async function importChain(genesis: GethGenesis, chainRlp: Uint8Array): Promise<ImportedChain> {
  const store = createMemoryStore()
  const chain = new Chain(store)
  const state = new WorldState(store, 0)
  const common = createCommonFromGethGenesis(genesis, { chain: 'imported', customCrypto: { kzg: NO_KZG } })
  await appendGenesis(genesis, chain, state)
  const vm = await createImporterVm(common, chain, state)
  for (let rest = chainRlp; rest.length > 0; ) {
    const { data, remainder } = RLP.decode(rest, true)
    rest = remainder
    common.setHardforkBy({ blockNumber: numberOf(data as unknown[]), timestamp: timeOf(data as unknown[]) })
    await appendBlock(createBlockFromRLP(RLP.encode(data), { common, setHardfork: true }), vm, chain, state)
  }
  return { chain, state, common, genesis }
}

/** A transaction with blobs is only built where KZG is to be had; running it in a block needs none. */
const NO_KZG = new Proxy({} as NonNullable<NonNullable<Common['customCrypto']>['kzg']>, {
  get: (_, name) => () => {
    throw new Error(`no KZG here: ${String(name)}`)
  },
})

const numberOf = (block: unknown[]) => bytesToBigInt((block[0] as Uint8Array[])[8]!)
const timeOf = (block: unknown[]) => bytesToBigInt((block[0] as Uint8Array[])[11]!)

/** The state manager of the node, with the root that receipts before Byzantium hold. */
class RootedState extends EthereumState {
  readonly #state: WorldState
  constructor(state: WorldState) {
    super(new StateOverlay(state.latest()))
    this.#state = state
  }

  override async getStateRoot(): Promise<Uint8Array> {
    const branch = this.#state.branch()!
    return hexToBytes(branch.apply(branch.block + 1, this.overlay.changes()).stateRoot)
  }
}

async function createImporterVm(common: Common, chain: Chain, state: WorldState): Promise<VM> {
  const stateManager = new RootedState(state)
  const blockchain: EVMMockBlockchainInterface = {
    getBlock: async (number) => ({ hash: () => hexToBytes(chain.block(number)!.hash) }),
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  }
  const evm = new EVM({ common, stateManager, blockchain, bn254: new NobleBN254() })
  return createVM({ common, stateManager, blockchain: blockchain as never, evm, setHardfork: true })
}

async function appendGenesis({ alloc, ...genesis }: GethGenesis, chain: Chain, state: WorldState): Promise<void> {
  const overlay = new StateOverlay(state.latest())
  for (const [bare, { balance, nonce, code, storage }] of Object.entries(alloc)) {
    const address = `0x${bare.replace(/^0x/, '')}` as const
    const empty = { storageRoot: EMPTY_ACCOUNT.storageRoot, codeHash: EMPTY_ACCOUNT.codeHash }
    overlay.setAccount(address, { nonce: BigInt(nonce ?? 0), balance: BigInt(balance), ...empty })
    if (code) overlay.setCode(address, hexToBytes(code as Hash))
    for (const [slot, value] of Object.entries(storage ?? {}))
      overlay.setStorage(address, slot as Hash, trimmed(hexToBytes(value as Hash)))
  }
  const { stateRoot, stored } = state.apply(0, overlay.changes())
  const header: BlockHeader = {
    number: 0,
    parentHash: ZERO_HASH,
    beneficiary: genesis.coinbase as Hash,
    stateRoot,
    transactionsRoot: EMPTY_ACCOUNT.storageRoot,
    receiptsRoot: EMPTY_ACCOUNT.storageRoot,
    logsBloom: new Uint8Array(256),
    gasLimit: BigInt(genesis.gasLimit),
    gasUsed: 0n,
    timestamp: Number(genesis.timestamp),
    extraData: genesis.extraData as Hash,
    mixHash: genesis.mixHash as Hash,
    baseFeePerGas: 0n,
    parentBeaconBlockRoot: ZERO_HASH,
    foreign: {
      fields: 15,
      ommersHash: constantFields({} as BlockHeader).ommersHash,
      difficulty: BigInt(genesis.difficulty!),
      nonce: bytesToHex(setLengthLeft(hexToBytes(`0x${BigInt(genesis.nonce).toString(16).padStart(16, '0')}`), 8)),
      withdrawalsRoot: ZERO_HASH,
      blobGasUsed: 0n,
      excessBlobGas: 0n,
      requestsHash: ZERO_HASH,
    },
  }
  await append(chain, header, ethereumBlockSize(header, []), [], stored, {})
  state.settled()
}

async function appendBlock(block: Block, vm: VM, chain: Chain, state: WorldState): Promise<void> {
  const overlay = new StateOverlay(state.latest())
  ;(vm.stateManager as EthereumState).use(overlay)
  const { receipts, results } = await runBlock(vm, {
    block,
    skipBlockValidation: true,
    skipHeaderValidation: true,
    skipHardForkValidation: true,
  })
  const header = decodeHeader(block.header.serialize())
  const { stateRoot, stored } = state.apply(header.number, overlay.changes())
  if (stateRoot !== header.stateRoot) throw new Error(`block ${header.number} comes to the state root ${stateRoot}`)
  const transactions = block.transactions.map((tx, index): StoredTransaction => {
    const { totalGasSpent, createdAddress } = results[index]!
    const baseFee = header.baseFeePerGas
    const effective = 'maxFeePerGas' in tx ? baseFee + tx.getEffectivePriorityFee(baseFee) : tx.gasPrice
    return {
      raw: tx.serialize(),
      hash: bytesToHex(tx.hash()),
      sender: tx.getSenderAddress().toString(),
      unit: ZERO_HASH,
      block: header.number,
      index,
      receipt: receiptOf(receipts[index]!, tx.type, totalGasSpent, effective, createdAddress?.toString()),
    }
  })
  const withdrawals = block.withdrawals?.map(({ index, validatorIndex, address, amount }) => ({
    index: Number(index),
    validatorIndex: Number(validatorIndex),
    address: address.toString(),
    amount,
  }))
  const uncles = block.uncleHeaders.map((uncle) => uncle.serialize())
  await append(chain, header, block.serialize().length, transactions, stored, {
    ...(withdrawals ? { withdrawals } : {}),
    ...(uncles.length > 0 ? { uncles } : {}),
  })
  state.settled()
}

function receiptOf(
  receipt: TxReceipt,
  type: number,
  gasUsed: bigint,
  effectiveGasPrice: bigint,
  contractAddress: Hash | undefined,
): StoredTransaction['receipt'] {
  const stateRoot = 'stateRoot' in receipt ? bytesToHex((receipt as PreByzantiumTxReceipt).stateRoot) : undefined
  return {
    type,
    succeeded: 'status' in receipt ? Number(receipt.status) === 1 : true,
    gasUsed,
    cumulativeGasUsed: receipt.cumulativeBlockGasUsed,
    effectiveGasPrice,
    logs: receipt.logs.map(([address, topics, data]) => ({
      address: bytesToHex(address),
      topics: topics.map((topic) => bytesToHex(topic)),
      data,
    })),
    contractAddress,
    ...(stateRoot ? { stateRoot } : {}),
  }
}

function trimmed(value: Uint8Array): Uint8Array {
  const start = value.findIndex((byte) => byte !== 0)
  return start < 0 ? new Uint8Array() : value.slice(start)
}

async function append(
  chain: Chain,
  header: BlockHeader,
  size: number,
  transactions: StoredTransaction[],
  stored: Parameters<Chain['append']>[1],
  more: Pick<StoredBlock, 'withdrawals' | 'uncles'>,
): Promise<void> {
  const block: StoredBlock = {
    header,
    hash: headerHash(header),
    leader: header.parentBeaconBlockRoot,
    round: 0,
    units: [],
    transactions: transactions.map(({ hash }) => hash),
    size,
    ...more,
  }
  await chain.append({ block, transactions, skipped: [] }, stored)
}
