/** The consensus contract as the EVM sees it: call data in; output, transfers and logs out. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import type { Address } from '../dag-port.ts'
import { type AbiValue, CONSENSUS_FUNCTIONS, decodeAbi, encodeAbi, encodeRefusal, eventTopic } from './abi.ts'
import type { ConsensusContract } from './consensus-contract.ts'
import { type CallContext, type ContractEvent, type Effects, revert, type Staking } from './staking.ts'

/** A message call to the contract. */
export interface ContractCall extends CallContext {
  readonly data: Uint8Array
  /** True for STATICCALL: only views may run. */
  readonly isStatic?: boolean
  /**
   * Checks evidence and says what it proves; a string says why it proves nothing. The node passes `checkEvidence` with what it knows.
   * Without it `submitEvidence` is refused.
   */
  readonly proveOffence?: (
    evidence: Uint8Array,
  ) => { readonly key: Address; readonly epoch: number; readonly id: string } | string
}

/** What the EVM has to do. `output` is the result, or the data of the revert. */
export interface ContractReturn {
  readonly success: boolean
  readonly output: Uint8Array
  /** Coins that leave the contract's account, in order. */
  readonly transfers: Effects['transfers']
  /** Coins of the contract's account that cease to exist. */
  readonly burned: bigint
  readonly logs: readonly { readonly topics: readonly string[]; readonly data: Uint8Array }[]
}

/** Runs a call. Never throws for what callers send: unknown selectors, bad arguments and refusals come back as reverts. */
export function callContract(contract: ConsensusContract, call: ContractCall): ContractReturn {
  const method = CONSENSUS_FUNCTIONS.get(bytesToHex(call.data.subarray(0, 4)))
  if (method === undefined) return refused('no such function')
  const args = decodeAbi(method.inputs, call.data.subarray(4))
  if (args === undefined) return refused(`the arguments of ${method.name} do not decode`)
  if (!method.payable && call.value !== 0n) return refused(`${method.name} takes no coins`)
  if (!method.view && call.isStatic === true) return refused(`${method.name} changes state`)
  const result = contract.run((staking, effects) => execute(contract, method.name, args, call, staking, effects))
  if (result.status === 'reverted') return refused(result.reason)
  return {
    success: true,
    output: encodeAbi(method.outputs, result.value),
    transfers: result.transfers,
    burned: result.burned,
    logs: result.events.map(logOf),
  }
}

function refused(reason: string): ContractReturn {
  return { success: false, output: encodeRefusal(reason), transfers: [], burned: 0n, logs: [] }
}

function logOf({ name, validator, account, amount }: ContractEvent): ContractReturn['logs'][number] {
  const topic = (address: Address) => `0x${'0'.repeat(24)}${address.slice(2)}`
  return { topics: [eventTopic(name), topic(validator), topic(account)], data: encodeAbi(['uint256'], [amount]) }
}

const bytes = (value: AbiValue | undefined): Uint8Array => hexToBytes((value as string).slice(2))

function execute(
  contract: ConsensusContract,
  name: string,
  args: readonly AbiValue[],
  call: ContractCall,
  staking: Staking,
  effects: Effects,
): AbiValue[] {
  const [first, second, third, fourth, fifth] = args
  const address = first as Address
  switch (name) {
    case 'register':
      staking.register(call, effects, {
        publicKey: bytes(first),
        possession: bytes(second),
        vrfKey: bytes(third),
        isogenyKey: bytes(fourth),
        commissionBps: Number(fifth),
      })
      return []
    case 'bond':
      staking.delegate(call, effects, call.sender)
      return []
    case 'delegate':
      staking.delegate(call, effects, address)
      return []
    case 'unbond':
      staking.unbond(call, effects, address, second as bigint)
      return []
    case 'withdraw':
      return [staking.withdraw(call, effects)]
    case 'redelegate':
      staking.redelegate(call, effects, address, second as Address, third as bigint)
      return []
    case 'setCommission':
      staking.setCommission(call, Number(first), contract.epoch())
      return []
    case 'rotateKey':
      staking.rotateKey(call, effects, bytes(first), bytes(second))
      return []
    case 'setIsogenyKey':
      staking.setIsogenyKey(call, effects, bytes(first))
      return []
    case 'unjail':
      staking.unjail(call, effects)
      return []
    case 'claim':
      staking.claim(call, effects, address)
      return []
    case 'release':
      return [staking.release(call, effects)]
    case 'submitEvidence': {
      const offence = call.proveOffence?.(bytes(first)) ?? 'evidence is not taken here'
      if (typeof offence === 'string') return revert(offence)
      const result = contract.punish({ ...offence, reporter: call.sender }, call.nowMs)
      if (result.status === 'reverted') return revert(result.reason)
      effects.transfers.push(...result.transfers)
      effects.events.push(...result.events)
      effects.burned += result.burned
      return [result.value]
    }
    case 'epoch':
      return [BigInt(contract.epoch())]
    case 'committee': {
      const members = contract.committee()?.members ?? []
      return [members.map((member) => member.address), members.map(({ stake }) => stake)]
    }
    case 'candidate': {
      const record = contract.candidate(address)
      if (record === undefined) return [0n, 0n, false, false, `0x${'0'.repeat(40)}`]
      return [record.tokens, BigInt(record.commissionBps), record.jailed, record.tombstoned, record.key]
    }
    case 'keysOf': {
      const record = contract.candidate(address)
      if (record === undefined) return ['0x', `0x${'0'.repeat(64)}`, '0x']
      return [record.publicKey, record.vrfKey, record.isogenyKey].map((key) => `0x${key}`)
    }
    case 'ownerOf':
      return [contract.ownerOf(address) ?? `0x${'0'.repeat(40)}`]
    case 'delegation':
      return [contract.delegation(address, second as Address)]
    case 'pendingRewards':
      return [contract.pendingRewards(address, second as Address)]
    case 'minSelfBond':
      return [contract.params.minSelfBond]
    default:
      return revert(`${name} has no code`)
  }
}
