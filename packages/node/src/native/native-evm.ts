/** The EVM of @ethereumjs with native contracts: they run inside the EVM's own call frames, so that its journal undoes what they did. */
import { Hardfork } from '@ethereumjs/common'
import { EVM, EVMError, type EVMOpts, type ExecResult, Message } from '@ethereumjs/evm'
import { Address, hexToBytes } from '@ethereumjs/util'
import { isNodeError } from '../errors.ts'
import type { BlockContext } from '../execution/block-context.ts'
import { CodeAnalyses } from '../execution/code-analysis.ts'
import type { EthereumState } from '../execution/ethereum-state.ts'
import { attachLoop } from '../execution/interpreter/attach.ts'
import { compileOpcodes } from '../execution/interpreter/opcode-table.ts'
import { replaceOpcodes } from '../execution/interpreter/opcodes.ts'
import type { LoopParts } from '../execution/interpreter/run-code.ts'
import { PACED_OPCODES, type Pace } from '../execution/pace.ts'
import type { Precompiles } from '../precompiles/precompiles.ts'
import { type AddressHex, EMPTY_ACCOUNT } from '../state/account.ts'
import type { StateOverlay } from '../state/overlay.ts'
import {
  CALL_BYTE_GAS,
  CALL_GAS,
  GasMeter,
  INVOKE_GAS,
  LOG_BYTE_GAS,
  LOG_GAS,
  OutOfNativeGas,
  TRANSFER_OUT_GAS,
} from './gas-meter.ts'
import {
  type NativeCall,
  type NativeContract,
  type NativeInvocation,
  type NativeInvocationResult,
  NativeRevert,
} from './native-contract.ts'
import { meteredStorage, readOnlyStorage, StaticWrite, systemStorage } from './native-storage.ts'
import { encodeError } from './revert-data.ts'

/** Native contracts on the call stack at a time. Deeper recursion through the EVM reverts. */
const MAX_NATIVE_DEPTH = 4

type OpHandler = EVM['_opcodeMap'][number]['opHandler']
type Precompile = NonNullable<ReturnType<EVM['getPrecompile']>>
type EvmLog = NonNullable<ExecResult['logs']>[number]
type CallMessage = Message & { to: Address }

export class NativeEvm extends EVM {
  readonly #contracts: ReadonlyMap<string, NativeContract>
  readonly #state: EthereumState
  #context: BlockContext | undefined
  #nativeDepth = 0
  #driftGas = 0n
  readonly #analyses: CodeAnalyses
  #loop: LoopParts | undefined
  #warmPrecompiles: ReadonlyMap<string, ReadonlySet<string>> | undefined
  /** The table of opcodes that this EVM began with; a chain with other rules for other blocks gets another one. */
  readonly #opcodes: EVM['_opcodeMap']
  readonly #replacements = new Map<Precompile, Precompile>()
  readonly #replace: Precompiles['replace']
  #moved: EVM['_precompiles'] | undefined

  constructor(
    options: EVMOpts & { stateManager: EthereumState },
    precompiles: Precompiles,
    contracts: readonly NativeContract[],
  ) {
    super({ ...options, bls: precompiles.bls12381, bn254: precompiles.bn254 })
    this.#replace = precompiles.replace
    this.#opcodes = this._opcodeMap
    this.#analyses = new CodeAnalyses(this.#opcodes)
    if (this.common.gteHardfork(Hardfork.Cancun)) replaceOpcodes(this.#opcodes)
    this.#state = options.stateManager
    this.#contracts = new Map(contracts.map((contract) => [contract.address, contract]))
  }

  /** To be called once, after {@link keepPace} and before the first run: code runs in a loop of its own (interpreter/run-code.ts). */
  async useLoop(): Promise<void> {
    this.#loop = { table: compileOpcodes(this.#opcodes), analyses: this.#analyses }
    await attachLoop(this, (evm) =>
      evm instanceof NativeEvm && evm._opcodeMap === evm.#opcodes ? evm.#loop : undefined,
    )
  }

  /** Asks `pace` before every opcode that a long run cannot do without. Costs the EVM of blocks nothing, which has none. */
  keepPace(pace: Pace): void {
    for (const code of PACED_OPCODES) {
      const entry = this._opcodeMap[code]!
      const { opHandler, opcodeInfo } = entry
      // Without a promise where there is no pause: a tight loop meets this at every third opcode.
      const paced: OpHandler = (runState, common) => {
        const pause = pace.step()
        return pause ? pause.then(() => opHandler(runState, common)) : opHandler(runState, common)
      }
      this._opcodeMap[code] = {
        ...entry,
        opHandler: paced,
        opcodeInfo: Object.freeze({ ...opcodeInfo, isAsync: true }),
      }
    }
  }

  /** The block that the next calls run in. */
  enter(context: BlockContext): void {
    this.#context = context
    this.#nativeDepth = 0
    this.#driftGas = 0n
    // A run that was ended by its pace has left what it stored until its transaction's end.
    this.transientStorage.clear()
  }

  /** What the calls since {@link enter} may take more in a later block: the sum of {@link NativeContract.driftGas}. */
  get driftGas(): bigint {
    return this.#driftGas
  }

  /** Puts precompiles elsewhere, or nowhere, until the returned function is called. What is warm from the start stays as it is. */
  movePrecompiles(moves: ReadonlyMap<AddressHex, AddressHex | undefined>): () => void {
    const moved = new Map([...this._precompiles.keys()].map((address) => [address, this.#precompile(address)!]))
    for (const from of moves.keys()) moved.delete(from.slice(2))
    for (const [from, to] of moves) if (to) moved.set(to.slice(2), this.#precompile(from.slice(2))!)
    this.#moved = moved
    return () => {
      this.#moved = undefined
    }
  }

  /** The addresses of the precompiles without `0x`, with the slots of theirs that are warm from the start. */
  get warmPrecompiles(): ReadonlyMap<string, ReadonlySet<string>> {
    this.#warmPrecompiles ??= new Map([...this._precompiles.keys()].map((address) => [address, new Set()]))
    return this.#warmPrecompiles
  }

  override getPrecompile(address: Address | AddressHex): ReturnType<EVM['getPrecompile']> {
    const key = address.toString().slice(2)
    return this.#moved ? this.#moved.get(key) : this.#precompile(key)
  }

  #precompile(address: string): Precompile | undefined {
    const own = this._precompiles.get(address)
    if (!own) return undefined
    let replacement = this.#replacements.get(own)
    if (!replacement) {
      replacement = this.#replace(address, own)
      this.#replacements.set(own, replacement)
    }
    return replacement
  }

  protected override async _loadCode(message: Message): Promise<void> {
    const contract = message.code ? undefined : this.#contracts.get(message.codeAddress.toString())
    if (!contract) return super._loadCode(message)
    message.isCompiled = true
    message.code = ({ gasLimit }) => this.#runNative(contract, message as CallMessage, gasLimit)
  }

  async #runNative(contract: NativeContract, message: CallMessage, gasLimit: bigint): Promise<ExecResult> {
    const gas = new GasMeter(gasLimit)
    const used = () => gasLimit - gas.left
    // DELEGATECALL and CALLCODE would run it for the caller's account, whose storage it does not know.
    if (message.delegatecall || !message.to.equals(message.codeAddress))
      return reverted(used(), encodeError(`${contract.name} takes no DELEGATECALL and no CALLCODE`))
    if (this.#nativeDepth >= MAX_NATIVE_DEPTH)
      return reverted(used(), encodeError('native contracts call each other too deep'))
    const logs: EvmLog[] = []
    this.#nativeDepth++
    try {
      gas.charge(CALL_GAS + CALL_BYTE_GAS * BigInt(message.data.length))
      const output = await contract.call(this.#call(contract, message, gas, logs))
      if (!message.isStatic) this.#driftGas += contract.driftGas ?? 0n
      return {
        executionGasUsed: used(),
        returnValue: output,
        logs,
        ...(message.selfdestruct ? { selfdestruct: message.selfdestruct } : {}),
        ...(message.createdAddresses ? { createdAddresses: message.createdAddresses } : {}),
      }
    } catch (error) {
      if (error instanceof NativeRevert) return reverted(used(), error.output)
      if (error instanceof OutOfNativeGas) return halted(gasLimit, EVMError.errorMessages.OUT_OF_GAS)
      if (error instanceof StaticWrite) return halted(gasLimit, EVMError.errorMessages.STATIC_STATE_CHANGE)
      // A damaged store is this node's trouble alone: it must stop. A fault of the contract is the same everywhere: the call fails.
      if (isNodeError(error)) throw error
      return halted(gasLimit, EVMError.errorMessages.INVALID_OPCODE)
    } finally {
      this.#nativeDepth--
    }
  }

  #call(contract: NativeContract, message: CallMessage, gas: GasMeter, logs: EvmLog[]): NativeCall {
    const state = this.#state.overlay
    const { address } = contract
    const { number, timestamp } = this.#context!
    const { isStatic } = message
    const writes = () => {
      if (isStatic) throw new StaticWrite('a static call writes nothing')
    }
    return {
      sender: message.caller.toString(),
      value: message.value,
      data: message.data,
      isStatic,
      block: { number, timestamp },
      gas,
      storage: meteredStorage(systemStorage(state, address), gas, isStatic),
      unmeteredStorage: isStatic ? readOnlyStorage(state, address) : systemStorage(state, address),
      balanceOf: (account) => (state.account(account) ?? EMPTY_ACCOUNT).balance,
      transfer: (to, amount) => {
        writes()
        gas.charge(TRANSFER_OUT_GAS)
        takeCoins(state, address, amount)
        addCoins(state, to, amount)
      },
      burn: (amount) => {
        writes()
        takeCoins(state, address, amount)
      },
      log: (topics, data) => {
        writes()
        gas.charge(LOG_GAS + LOG_BYTE_GAS * BigInt(data.length))
        logs.push([hexToBytes(address), topics.map((topic) => hexToBytes(topic)), data])
      },
      invoke: (call) => this.#invoke(address, message, gas, logs, call),
    }
  }

  async #invoke(
    address: AddressHex,
    message: CallMessage,
    gas: GasMeter,
    logs: EvmLog[],
    { to, value = 0n, data, gas: wanted }: NativeInvocation,
  ): Promise<NativeInvocationResult> {
    if (message.isStatic && (value > 0n || !to)) throw new StaticWrite('a static call writes nothing')
    gas.charge(INVOKE_GAS + (value > 0n ? TRANSFER_OUT_GAS : 0n))
    const state = this.#state.overlay
    const account = state.account(address) ?? EMPTY_ACCOUNT
    if (account.balance < value) return { succeeded: false, output: new Uint8Array(), contractAddress: undefined }
    if (!to) state.setAccount(address, { ...account, nonce: account.nonce + 1n })
    const most = gas.left - gas.left / 64n
    const gasLimit = wanted === undefined || wanted > most ? most : wanted
    const nested = new Message({
      caller: new Address(hexToBytes(address)),
      ...(to ? { to: new Address(hexToBytes(to)) } : {}),
      value,
      data,
      gasLimit,
      depth: message.depth + 1,
      isStatic: message.isStatic,
      selfdestruct: new Map(message.selfdestruct),
      createdAddresses: new Set(message.createdAddresses),
      gasRefund: message.gasRefund,
    })
    const { execResult, createdAddress } = await this.runCall({ message: nested })
    gas.charge(execResult.executionGasUsed)
    const succeeded = execResult.exceptionError === undefined
    if (succeeded) {
      logs.push(...(execResult.logs ?? []))
      for (const [gone, heir] of nested.selfdestruct ?? []) message.selfdestruct?.set(gone, heir)
      for (const created of nested.createdAddresses ?? []) message.createdAddresses?.add(created)
      message.gasRefund = execResult.gasRefund ?? message.gasRefund
    }
    return {
      succeeded,
      output: execResult.returnValue,
      contractAddress: succeeded ? createdAddress?.toString() : undefined,
    }
  }
}

function reverted(executionGasUsed: bigint, returnValue: Uint8Array): ExecResult {
  return { executionGasUsed, returnValue, exceptionError: new EVMError(EVMError.errorMessages.REVERT) }
}

function halted(gasLimit: bigint, reason: EVMError['error']): ExecResult {
  return { executionGasUsed: gasLimit, returnValue: new Uint8Array(), exceptionError: new EVMError(reason) }
}

function takeCoins(state: StateOverlay, from: AddressHex, amount: bigint): void {
  const account = state.account(from) ?? EMPTY_ACCOUNT
  if (account.balance < amount) throw new RangeError(`${from} holds ${account.balance} wei, not ${amount}`)
  state.setAccount(from, { ...account, balance: account.balance - amount })
}

function addCoins(state: StateOverlay, to: AddressHex, amount: bigint): void {
  if (amount === 0n) return
  const account = state.account(to) ?? EMPTY_ACCOUNT
  state.setAccount(to, { ...account, balance: account.balance + amount })
}
