import { bytesToBigInt, bytesToHex, setLengthLeft } from '@ethereumjs/util'
import type { BlockContext } from '../../execution/block-context.ts'
import type { EvmOutcome, UnsignedCall } from '../../execution/evm.ts'
import { nextBaseFee } from '../../execution/header.ts'
import { type AddressHex, EMPTY_ACCOUNT, type Hash, NO_CODE } from '../../state/account.ts'
import type { StateReader } from '../../state/overlay.ts'
import { recordReads } from '../../trace/replay.ts'
import { callFailed, callRefused } from '../call-failure.ts'
import { type RpcContext, type RpcMethod, resolveState } from '../context.ts'
import { estimateGas } from '../estimate-gas.ts'
import { quantity } from '../format.ts'
import { overridden } from '../overridden.ts'
import { objectParam } from '../override-params.ts'
import { addressParam, blockParam, callParam, slotParam } from '../params.ts'
import { invalidParams, RpcCode, RpcError } from '../rpc-error.ts'

/** P256VERIFY (EIP-7951) has the highest address of Osaka's precompiles. */
const LAST_PRECOMPILE = `0x${'00'.repeat(18)}0100`
/** Slots, and storage proofs, in one answer: a proof costs some ten reads. */
const MAX_SLOTS = 1_024

function accountAt(context: RpcContext, address: unknown, block: unknown) {
  const { state } = resolveState(context, blockParam(block))
  return { state, account: state.account(addressParam(address, 'address')) ?? EMPTY_ACCOUNT }
}

/** A call runs in the block it names, as `eth_call` has it. */
function contextOf(context: RpcContext, block: unknown, stateOverrides?: unknown, blockOverrides?: unknown) {
  return overridden(resolveState(context, blockParam(block)), stateOverrides, blockOverrides)
}

async function run(
  context: RpcContext,
  state: StateReader,
  blockContext: BlockContext,
  call: UnsignedCall,
): Promise<EvmOutcome> {
  try {
    return await context.call.run(state, blockContext, call)
  } catch (error) {
    throw callRefused(error)
  }
}

/** A proof names its slot as the client did: 32 bytes, or a quantity. */
function slotAsGiven(slot: string): string {
  return slot.length === 66 ? slot.toLowerCase() : quantity(BigInt(slot))
}

/** Accounts, storage, calls and proofs. */
export const stateMethods: Record<string, RpcMethod> = {
  eth_accounts: () => [],
  eth_getBalance: ([address, block], context) => quantity(accountAt(context, address, block).account.balance),
  eth_getCode: ([address, block], context) => {
    const { state, account } = accountAt(context, address, block)
    return account.codeHash === NO_CODE ? '0x' : bytesToHex(state.code(account.codeHash))
  },
  eth_getStorageAt: ([address, slot, block], context) => {
    const { state } = resolveState(context, blockParam(block))
    return bytesToHex(setLengthLeft(state.storage(addressParam(address, 'address'), slotParam(slot, 'slot')), 32))
  },
  /** Slots of several accounts at once: `{ address: [slot, …], … }`. */
  eth_getStorageValues: ([wanted, block], context) => {
    const accounts = Object.entries(objectParam(wanted, 'the request'))
    const slots = accounts.map(([address, list]): [AddressHex, Hash[]] => {
      if (!Array.isArray(list)) throw invalidParams(`the slots of ${address.slice(0, 42)} must be a list`)
      return [addressParam(address, 'address'), list.map((slot) => slotParam(slot, 'slot'))]
    })
    const count = slots.reduce((sum, [, { length }]) => sum + length, 0)
    if (count === 0) throw invalidParams('empty request')
    if (count > MAX_SLOTS) throw invalidParams(`at most ${MAX_SLOTS} slots can be read at once`)
    const { state } = resolveState(context, blockParam(block))
    const read = (address: AddressHex, slot: Hash) => bytesToHex(setLengthLeft(state.storage(address, slot), 32))
    return Object.fromEntries(slots.map(([address, list]) => [address, list.map((slot) => read(address, slot))]))
  },
  eth_getTransactionCount: ([address, block], context) => {
    if (block === 'pending') return quantity(context.mempool.pendingNonce(addressParam(address, 'address')))
    return quantity(accountAt(context, address, block).account.nonce)
  },

  eth_call: async ([transaction, block, stateOverrides, blockOverrides], context) => {
    const { state, blockContext } = contextOf(context, block, stateOverrides, blockOverrides)
    const outcome = await run(context, state, blockContext, callParam(transaction))
    if (!outcome.succeeded) throw callFailed(outcome)
    return bytesToHex(outcome.returned)
  },

  /** The slots that the call touches, as an access list (EIP-2930), and the gas that it takes with the list. */
  eth_createAccessList: async ([transaction, block], context) => {
    const { state, blockContext } = contextOf(context, block)
    const call = callParam(transaction)
    const { reader, reads } = recordReads(state)
    const first = await run(context, reader, blockContext, call)
    // Sender, recipient, the block's author and precompiles are warm without a list; their slots are not.
    const isWarm = (address: string) =>
      [call.from, call.to, first.contractAddress, blockContext.beneficiary].includes(address as AddressHex) ||
      address <= LAST_PRECOMPILE
    const accessList = [...reads.accounts.keys()].flatMap((address) => {
      const storageKeys = [...(reads.slots.get(address)?.keys() ?? [])]
      return storageKeys.length === 0 && isWarm(address) ? [] : [{ address, storageKeys }]
    })
    const outcome = await run(context, state, blockContext, { ...call, accessList })
    return {
      accessList,
      gasUsed: quantity(outcome.gasUsed),
      ...(outcome.succeeded ? {} : { error: outcome.exception ?? 'execution failed' }),
    }
  },

  eth_estimateGas: async ([transaction, block, stateOverrides, blockOverrides], context) => {
    const { state, blockContext } = contextOf(context, block, stateOverrides, blockOverrides)
    const call = callParam(transaction)
    const next = {
      ...blockContext,
      number: blockContext.number + 1,
      baseFeePerGas: nextBaseFee(context.chain.head!.header),
    }
    return quantity(await estimateGas(call, state, (attempt) => run(context, state, next, attempt)))
  },

  eth_getProof: ([address, slots, block], context) => {
    const { block: found } = resolveState(context, blockParam(block))
    if (!Array.isArray(slots) || slots.length > MAX_SLOTS)
      throw invalidParams(`slots must be a list of at most ${MAX_SLOTS}`)
    const target = addressParam(address, 'address')
    const proof = context.state.prove(
      target,
      slots.map((slot) => slotParam(slot, 'slot')),
      found.header.number,
    )
    if (!proof)
      throw new RpcError(RpcCode.rejected, `the proofs of block ${found.header.number} are no longer kept by this node`)
    const { account, accountProof, storageProof } = proof
    return {
      address: target,
      balance: quantity(account.balance),
      codeHash: account.codeHash,
      nonce: quantity(account.nonce),
      storageHash: account.storageRoot,
      accountProof: accountProof.map((node) => bytesToHex(node)),
      storageProof: storageProof.map(({ value, proof }, index) => ({
        key: slotAsGiven(slots[index]),
        value: quantity(bytesToBigInt(value)),
        proof: proof.map((node) => bytesToHex(node)),
      })),
    }
  },
}
