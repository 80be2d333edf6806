/** The consensus contract of @zos/zpos as a native contract: its records in the EVM's state, its coins in its account. */
import { bytesToHex } from '@ethereumjs/util'
import type { Address } from '@zos/dag'
import {
  CONSENSUS_ADDRESS,
  CONSENSUS_FUNCTIONS,
  type ConsensusContract,
  type ContractParams,
  callContract,
  checkEvidence,
  createConsensusContract,
  decodeEvidence,
} from '@zos/zpos'
import type { Hash } from '../state/account.ts'
import type { StateOverlay, StateReader } from '../state/overlay.ts'
import { SIGNATURE_GAS } from './gas-meter.ts'
import { type NativeContract, NativeRevert } from './native-contract.ts'
import { type NativeStorage, readOnlyStorage, systemStorage } from './native-storage.ts'
import { createRecordStore, type RecordStore } from './record-store.ts'

/** Tables whose keys the contract lists. */
const LISTED = ['validator']
/** Hashing and decoding one byte of evidence. */
const EVIDENCE_BYTE_GAS = 30n
/** A unit's two signatures, and what left the validator in the epochs since: one record each. */
const EVIDENCE_GAS = 4n * SIGNATURE_GAS + 200_000n
/** Functions that check a signature, and how much they take for that. */
const EXTRA_GAS: Readonly<Record<string, bigint>> = {
  register: SIGNATURE_GAS,
  rotateKey: SIGNATURE_GAS,
  submitEvidence: EVIDENCE_GAS,
}

/**
 * What a call may take more after rewards have come: they are paid out, whoever had none yet gets a vesting record, the records of two validators
 * take a slot more. A redelegation is the dearest (`test/native/every-write.test.ts`).
 */
export const DRIFT_GAS = 120_000n

/** What a network decides about its consensus contract. */
export interface ConsensusSettings {
  /** The ledger's network, which unit headers name. */
  readonly networkId: number
  readonly params: Partial<ContractParams>
}

/** The contract over some storage; call `store.flush` to write. */
export interface OpenContract {
  readonly contract: ConsensusContract
  readonly store: RecordStore
}

/** Opens the contract without a price: what the protocol itself does with it. */
export function openConsensusContract(state: StateOverlay, { params }: ConsensusSettings): OpenContract {
  return open(systemStorage(state, CONSENSUS_ADDRESS), params)
}

/** Opens the contract for reading. */
export function readConsensusContract(state: StateReader, { params }: ConsensusSettings): ConsensusContract {
  return open(readOnlyStorage(state, CONSENSUS_ADDRESS), params).contract
}

/** The record that says that a unit is the base of an epoch: evidence about the first rounds of an epoch needs it. */
export function baseRecord(unit: string): string {
  return `base/${unit}`
}

/** Makes the native contract. */
export function createConsensusNative({ networkId, params }: ConsensusSettings): NativeContract {
  return {
    address: CONSENSUS_ADDRESS,
    name: 'the consensus contract',
    driftGas: DRIFT_GAS,
    call(call) {
      const method = CONSENSUS_FUNCTIONS.get(bytesToHex(call.data.subarray(0, 4)).slice(2))
      const isEvidence = method?.name === 'submitEvidence'
      call.gas.charge(EXTRA_GAS[method?.name ?? ''] ?? 0n)
      if (isEvidence) call.gas.charge(EVIDENCE_BYTE_GAS * BigInt(call.data.length))
      // What a slash touches depends on what others hold: whoever proves an offence pays a flat price, so that nobody can make it too dear.
      const storage = isEvidence ? call.unmeteredStorage : call.storage
      const { contract, store } = open(storage, params)
      const result = callContract(contract, {
        sender: call.sender as Address,
        value: call.value,
        nowMs: call.block.timestamp * 1_000,
        data: call.data,
        isStatic: call.isStatic,
        proveOffence: (evidence) => prove(evidence, networkId, store),
      })
      if (!result.success) throw new NativeRevert(result.output)
      store.flush()
      for (const { to, amount } of result.transfers) call.transfer(to, amount)
      if (result.burned > 0n) call.burn(result.burned)
      for (const { topics, data } of result.logs) call.log(topics as Hash[], data)
      return result.output
    },
  }
}

function open(storage: NativeStorage, params: Partial<ContractParams>): OpenContract {
  const store = createRecordStore(storage, LISTED)
  return { contract: createConsensusContract({ store, params }), store }
}

function prove(bytes: Uint8Array, networkId: number, store: RecordStore) {
  const evidence = decodeEvidence(bytes)
  if (evidence === undefined) return 'the evidence does not decode'
  const result = checkEvidence(evidence, {
    networkId,
    isBase: (unit) => store.get(baseRecord(unit)) !== undefined,
  })
  return result.status === 'proved' ? result.offence : result.reason
}
