/**
 * What contracts may ask the ledger: the committed leader unit of each recent block, its main-chain index, round and epoch. Only what is
 * final, as every node has to answer the same.
 */
import { bytesToBigInt, bytesToHex, setLengthLeft } from '@ethereumjs/util'
import { type AbiFunction, decodeAbi, encodeAbi } from '@zos/zpos'
import type { AddressHex, Hash } from '../state/account.ts'
import type { StateOverlay } from '../state/overlay.ts'
import { abiFunctions } from './abi-functions.ts'
import { type NativeContract, NativeRevert } from './native-contract.ts'
import { dataSlot, mappingSlot, type NativeStorage, slotAt, slotValue, systemStorage } from './native-storage.ts'
import { encodeError } from './revert-data.ts'

/** Where contracts find it. */
export const DAG_ADDRESS: AddressHex = '0x0000000000000000000000000000000000005a04'

/** Human-readable ABI, as ethers and viem take it. */
export const DAG_ABI = [
  'function version() view returns (uint256)',
  'function window() view returns (uint256 blocks)',
  'function mainChainIndex() view returns (uint256 index)',
  'function epoch() view returns (uint256 epoch)',
  'function round() view returns (uint256 round)',
  'function unitOf(uint256 blockNumber) view returns (bytes32 unit, uint256 index, uint256 round, uint256 epoch)',
  'function blockOf(bytes32 unit) view returns (uint256 blockNumber)',
] as const

/** Blocks that can be asked for, as in EIP-2935. */
export const DAG_WINDOW = 8_191n
const VERSION = 1n
/** Slot i of the ring holds block i's leader unit, slot DAG_WINDOW + i its place. Both rings stand at the data of array 0. */
const RING = dataSlot(slotAt(0n))
/** `mapping(bytes32 => uint256)` of leader units in the window. */
const BLOCKS = 1
/** Index, round and epoch stand in one word, 64 bits each. */
const FIELD_BITS = 64n
const FIELD_MASK = (1n << FIELD_BITS) - 1n

/** A committed leader's place in the ledger. */
export interface LeaderPlace {
  readonly unit: Hash
  /** Main-chain index. */
  readonly mci: number
  readonly round: number
  readonly epoch: number
}

const FUNCTIONS: ReadonlyMap<string, AbiFunction> = abiFunctions(DAG_ABI)

/** Writes the leader of block `number`, before the block's transactions. */
export function recordLeader(state: StateOverlay, number: number, { unit, mci, round, epoch }: LeaderPlace): void {
  const storage = systemStorage(state, DAG_ADDRESS)
  const index = BigInt(number) % DAG_WINDOW
  const previous = storage.get(slotAt(RING + index))
  if (previous.length > 0) storage.set(blockSlot(bytesToHex(setLengthLeft(previous, 32))), new Uint8Array())
  storage.set(slotAt(RING + index), slotValue(BigInt(unit)))
  const place = (BigInt(mci) << (2n * FIELD_BITS)) | (BigInt(round) << FIELD_BITS) | BigInt(epoch)
  storage.set(slotAt(RING + DAG_WINDOW + index), slotValue(place))
  storage.set(blockSlot(unit), slotValue(BigInt(number)))
}

/** Makes the native contract. */
export function createDagNative(): NativeContract {
  return {
    address: DAG_ADDRESS,
    name: 'the DAG contract',
    call({ data, value, storage, block }) {
      const method = FUNCTIONS.get(bytesToHex(data.subarray(0, 4)).slice(2))
      if (!method) throw new NativeRevert(encodeError('no such function'))
      if (value > 0n) throw new NativeRevert(encodeError(`${method.name} takes no coins`))
      const args = decodeAbi(method.inputs, data.subarray(4))
      if (!args) throw new NativeRevert(encodeError(`the arguments of ${method.name} do not decode`))
      const now = BigInt(block.number)
      switch (method.name) {
        case 'version':
          return encodeAbi(method.outputs, [VERSION])
        case 'window':
          return encodeAbi(method.outputs, [DAG_WINDOW])
        case 'blockOf':
          return encodeAbi(method.outputs, [bytesToBigInt(storage.get(blockSlot(args[0] as Hash)))])
        case 'unitOf': {
          const number = args[0] as bigint
          if (number === 0n || number > now || now - number >= DAG_WINDOW)
            throw new NativeRevert(encodeError(`block ${number} is not among the last ${DAG_WINDOW}`))
          const { unit, fields } = leaderOf(storage, number)
          return encodeAbi(method.outputs, [unit, ...fields])
        }
        default: {
          const [index, round, epoch] = leaderOf(storage, now).fields
          return encodeAbi(method.outputs, [{ mainChainIndex: index, round, epoch }[method.name]!])
        }
      }
    },
  }
}

function leaderOf(storage: NativeStorage, number: bigint): { unit: Hash; fields: [bigint, bigint, bigint] } {
  const index = number % DAG_WINDOW
  const place = bytesToBigInt(storage.get(slotAt(RING + DAG_WINDOW + index)))
  return {
    unit: bytesToHex(setLengthLeft(storage.get(slotAt(RING + index)), 32)),
    fields: [place >> (2n * FIELD_BITS), (place >> FIELD_BITS) & FIELD_MASK, place & FIELD_MASK],
  }
}

function blockSlot(unit: Hash): Hash {
  return mappingSlot(unit, BLOCKS)
}
