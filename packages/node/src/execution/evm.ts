import { type Block, createBlock, paramsBlock } from '@ethereumjs/block'
import { type Common, createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import {
  type EVMMockBlockchainInterface,
  type EVMResult,
  type InterpreterStep,
  type Message,
  paramsEVM,
} from '@ethereumjs/evm'
import { createTx, createTxFromRLP, paramsTx, type TypedTransaction, type TypedTxData } from '@ethereumjs/tx'
import { Address, bigIntMax, bytesToHex, hexToBytes } from '@ethereumjs/util'
import { createVM, paramsVM, runTx, type VM } from '@ethereumjs/vm'
import type { NativeContract } from '../native/native-contract.ts'
import { NativeEvm } from '../native/native-evm.ts'
import { type Precompiles, smallPrecompiles } from '../precompiles/precompiles.ts'
import type { AddressHex, Hash } from '../state/account.ts'
import { StateOverlay, type StateReader } from '../state/overlay.ts'
import type { BlockContext } from './block-context.ts'
import { EthereumState } from './ethereum-state.ts'
import type { EvmOutcome, Quantity, UnsignedCall } from './evm-call.ts'
import type { Pace } from './pace.ts'
import { runUnsigned } from './unsigned-call.ts'

export type { Authorization, EvmOutcome, UnsignedCall } from './evm-call.ts'

export interface SimulationOptions {
  /** The base fee of the block is shown to contracts, and not paid. */
  isFree: boolean
  /** Where precompiles are instead of at their own addresses; without `to` nowhere. */
  precompiles: ReadonlyMap<AddressHex, AddressHex | undefined>
  /** Of simulated blocks. */
  blockHashes: ReadonlyMap<number, Hash>
}

/** Looks on while the EVM runs. What it throws ends the run. */
export interface EvmObserver {
  before?: (message: Message) => void
  after?: (result: EVMResult) => void
  /** Before each opcode; makes the run many times slower. */
  step?: (step: InterpreterStep) => void
}

/** Hash of a recent block, for BLOCKHASH. */
export type BlockHashOf = (number: number) => Hash | undefined

/**
 * Ethereum's EVM, by @ethereumjs, at the rules of Osaka. One at a time: a run takes the state it is given until it resolves, so the
 * executor and the RPC each have their own.
 */
export class Evm {
  readonly #common: Common
  readonly #state: EthereumState
  readonly #evm: NativeEvm
  readonly #vm: VM
  readonly #ruledByBlock: boolean
  readonly #simulated: { hashes: ReadonlyMap<number, Hash> }
  readonly #freeBlocks = new WeakMap<BlockContext, Block>()

  private constructor(
    common: Common,
    state: EthereumState,
    evm: NativeEvm,
    vm: VM,
    ruledByBlock: boolean,
    simulated: { hashes: ReadonlyMap<number, Hash> },
  ) {
    this.#ruledByBlock = ruledByBlock
    this.#simulated = simulated
    this.#common = common
    this.#state = state
    this.#evm = evm
    this.#vm = vm
  }

  /**
   * `natives`: the contracts that the node executes itself. `imported`: the rules of a chain that ZOS did not make; each block then runs
   * under the hardfork that it had (docs/conformance.md). `pace`: for runs that must not keep everything else waiting. `precompiles`: those of
   * light nodes by default.
   */
  static async create(
    chainId: number,
    blockHash: BlockHashOf,
    natives: readonly NativeContract[] = [],
    imported?: Common,
    pace?: Pace,
    precompiles: Precompiles = smallPrecompiles(),
  ): Promise<Evm> {
    const common = imported ?? createCustomCommon({ chainId }, Mainnet, { hardfork: Hardfork.Osaka })
    mergeParamsOnce(common)
    if (!imported) rememberRules(common)
    Object.assign(common.customCrypto, { ecrecover: precompiles.ecrecover, kzg: { verifyProof: proofOf(precompiles) } })
    const state = new EthereumState(
      new StateOverlay({ account: () => undefined, storage: () => new Uint8Array(), code: () => new Uint8Array() }),
    )
    const simulated: { hashes: ReadonlyMap<number, Hash> } = { hashes: new Map() }
    const blockchain: EVMMockBlockchainInterface = {
      getBlock: async (number) => ({
        hash: () => hexToBytes(simulated.hashes.get(number) ?? blockHash(number) ?? `0x${'00'.repeat(32)}`),
      }),
      putBlock: async () => {},
      shallowCopy: () => blockchain,
    }
    const evm = new NativeEvm({ common, stateManager: state, blockchain }, precompiles, natives)
    if (pace) evm.keepPace(pace)
    await evm.useLoop()
    const vm = await createVM({ common, stateManager: state, blockchain, evm })
    return new Evm(common, state, evm, vm, imported !== undefined, simulated)
  }

  /**
   * Runs the signed transaction `raw` of `sender` with all of Ethereum's accounting, on `overlay`.
   * The caller has checked nonce, balance and fees; what the EVM still refuses (say, intrinsic gas) throws an Error with its reason.
   */
  async transact(
    overlay: StateOverlay,
    context: BlockContext,
    raw: Uint8Array,
    sender: AddressHex,
    impersonated = false,
  ): Promise<EvmOutcome> {
    this.#setRules(context)
    const tx = createTxFromRLP(raw, { common: this.#common, freeze: false })
    return this.#run(overlay, context, tx, sender, { unsigned: false, impersonated })
  }

  /** Runs `job`, one run of this EVM, while `observer` looks on. */
  async watch<T>(observer: EvmObserver, job: () => Promise<T>): Promise<T> {
    const { events } = this.#evm
    const { before, after, step } = observer
    if (before) events.on('beforeMessage', before)
    if (after) events.on('afterMessage', after)
    if (step) events.on('step', step)
    try {
      return await job()
    } finally {
      if (before) events.off('beforeMessage', before)
      if (after) events.off('afterMessage', after)
      if (step) events.off('step', step)
    }
  }

  /** Runs `call` on `overlay` as if `from` had signed it and could pay for it. */
  async call(overlay: StateOverlay, context: BlockContext, call: UnsignedCall): Promise<EvmOutcome> {
    this.#setRules(context)
    const data: TypedTxData = {
      type: call.authorizationList ? 4 : 2,
      gasLimit: call.gasLimit,
      maxFeePerGas: call.fees?.maxFeePerGas ?? 0n,
      maxPriorityFeePerGas: call.fees?.maxPriorityFeePerGas ?? 0n,
      value: call.value,
      data: call.data,
      ...(call.to ? { to: call.to } : {}),
      ...(call.accessList ? { accessList: call.accessList } : {}),
      ...(call.authorizationList ? { authorizationList: call.authorizationList } : {}),
    }
    const tx = createTx(data, { common: this.#common, freeze: false })
    const block = call.fees ? context : { ...context, baseFeePerGas: 0n }
    return this.#run(overlay, block, tx, call.from, { unsigned: true, impersonated: true })
  }

  /**
   * What {@link call} would come to, on a copy of `state` that is thrown away: {@link runUnsigned} where nobody pays and no account is
   * delegated. What the EVM refuses throws an Error.
   */
  async evaluate(state: StateReader, context: BlockContext, call: UnsignedCall): Promise<EvmOutcome> {
    const overlay = new StateOverlay(state)
    if (this.#ruledByBlock || call.fees || call.authorizationList) return this.call(overlay, context, call)
    this.#state.use(overlay)
    this.#evm.enter(context)
    return runUnsigned(this.#evm, overlay, this.#freeBlock(context), call)
  }

  /** The block of `context` with a base fee of 0. Contexts do not change once they were made, and one has many calls. */
  #freeBlock(context: BlockContext): Block {
    let block = this.#freeBlocks.get(context)
    if (!block) {
      block = this.#blockOf({ ...context, baseFeePerGas: 0n })
      this.#freeBlocks.set(context, block)
    }
    return block
  }

  #blockOf(context: BlockContext): Block {
    return createBlock(
      {
        header: {
          number: context.number,
          coinbase: context.beneficiary,
          gasLimit: context.gasLimit,
          timestamp: context.timestamp,
          mixHash: context.mixHash,
          ...(this.#common.isActivatedEIP(1559) ? { baseFeePerGas: context.baseFeePerGas } : {}),
        },
      },
      { common: this.#common, skipConsensusFormatValidation: true, freeze: false },
    )
  }

  /** The addresses of the precompiles, without native contracts. */
  get precompiles(): readonly AddressHex[] {
    return [...this.#evm.precompiles.keys()].map((address): AddressHex => `0x${address}`)
  }

  /**
   * Runs a transaction that nobody signed in a block that nobody made. Nonce, fees and balance are the caller's to check; what the EVM
   * refuses throws an Error.
   */
  async simulate(
    overlay: StateOverlay,
    context: BlockContext,
    build: (common: Common) => TypedTransaction,
    sender: AddressHex,
    { isFree, precompiles, blockHashes }: SimulationOptions,
  ): Promise<EvmOutcome> {
    this.#setRules(context)
    this.#simulated.hashes = blockHashes
    const leave = this.#evm.movePrecompiles(precompiles)
    try {
      return await this.#run(overlay, context, build(this.#common), sender, {
        unsigned: true,
        impersonated: true,
        isFree,
      })
    } finally {
      leave()
      this.#simulated.hashes = new Map()
    }
  }

  #setRules({ number, timestamp }: BlockContext): void {
    if (this.#ruledByBlock) this.#common.setHardforkBy({ blockNumber: BigInt(number), timestamp: BigInt(timestamp) })
  }

  async #run(
    overlay: StateOverlay,
    context: BlockContext,
    tx: TypedTransaction,
    sender: AddressHex,
    { unsigned, impersonated, isFree = false }: { unsigned: boolean; impersonated: boolean; isFree?: boolean },
  ): Promise<EvmOutcome> {
    this.#state.use(overlay, impersonated ? sender : undefined)
    this.#evm.enter(context)
    const from = new Address(hexToBytes(sender))
    tx.getSenderAddress = () => from
    const block = this.#blockOf(isFree ? { ...context, baseFeePerGas: 0n } : context)
    // What nobody pays is accounted under a base fee of 0; the contracts see the one of the block.
    if (isFree)
      this.#evm.events.once('beforeMessage', () =>
        Object.assign(block.header, { baseFeePerGas: context.baseFeePerGas }),
      )
    const result = await runTx(this.#vm, {
      tx,
      block,
      skipNonce: unsigned,
      skipBalance: unsigned,
      skipHardForkValidation: true,
      skipBlockGasLimitValidation: true,
    })
    const { exceptionError, returnValue, logs } = result.execResult
    return {
      succeeded: exceptionError === undefined,
      gasUsed: result.totalGasSpent,
      peakGas: bigIntMax(result.execResult.executionGasUsed + tx.getIntrinsicGas(), result.totalGasSpent),
      driftGas: this.#evm.driftGas,
      logs: (logs ?? []).map(([address, topics, data]) => ({
        address: bytesToHex(address),
        topics: topics.map((topic) => bytesToHex(topic)),
        data,
      })),
      returned: returnValue,
      contractAddress: result.createdAddress?.toString(),
      exception: exceptionError?.error,
    }
  }
}

/** As the EVM's point evaluation asks for it, in hex; what is no scalar or no point is an error of its own (EIP-4844). */
function proofOf({ kzg }: Precompiles) {
  return (...proof: [commitment: Quantity, z: Quantity, y: Quantity, proof: Quantity]): boolean => {
    const [commitment, z, y, opening] = proof.map((part) => hexToBytes(part)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    const isValid = kzg(commitment, z, y, opening)
    if (isValid === undefined) throw new Error('C_KZG_BADARGS')
    return isValid
  }
}

/**
 * `common` looks through lists of some sixty EIPs and twenty hardforks each time that it is asked whether one is in force, and the EVM asks dozens
 * of times in a call. Its rules do not change, nor do those of its copies: here the answers are kept.
 */
function rememberRules(common: Common): void {
  const eips = new Map<number, boolean>()
  const forks = new Map<string, boolean>()
  const { isActivatedEIP, gteHardfork } = common
  common.isActivatedEIP = (eip) => {
    let isActive = eips.get(eip)
    if (isActive === undefined) {
      isActive = isActivatedEIP.call(common, eip)
      eips.set(eip, isActive)
    }
    return isActive
  }
  common.gteHardfork = (fork) => {
    let isReached = forks.get(fork)
    if (isReached === undefined) {
      isReached = gteHardfork.call(common, fork)
      forks.set(fork, isReached)
    }
    return isReached
  }
}

/**
 * Every transaction and header hands its table of gas prices to a copy of `common`, which merges it anew each time: most of the cost of a
 * small call. Here the tables are merged once; copies share the result, and pass over what they are handed of it.
 */
function mergeParamsOnce(common: Common): void {
  const tables = new Set<object>([paramsTx, paramsBlock, paramsEVM, paramsVM])
  for (const table of tables) common.updateParams(table as typeof paramsTx)
  const update = common.updateParams
  common.updateParams = function (this: Common, params) {
    if (!tables.has(params)) update.call(this, params)
  }
}
