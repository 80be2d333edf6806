/** What rules apply (EIP-7910) and how far back this node can answer. */
import { crc32 } from 'node:zlib'
import { hexToBytes } from '@ethereumjs/util'
import { BEACON_ROOTS_ADDRESS, HISTORY_ADDRESS } from '../../execution/system-contracts.ts'
import type { AddressHex } from '../../state/account.ts'
import { HISTORY_BLOCKS } from '../../state/world-state.ts'
import type { RpcMethod } from '../context.ts'
import type { ForkSchedule } from '../fork-schedule.ts'
import { quantity } from '../format.ts'

/** ZOS has had the rules of Osaka from its genesis on, and no blobs. */
const ZOS_FORKS: ForkSchedule = {
  activations: [],
  activationTime: 0,
  blobSchedule: { target: 0, max: 0, baseFeeUpdateFraction: 5_007_716 },
  systemContracts: { BEACON_ROOTS_ADDRESS, HISTORY_STORAGE_ADDRESS: HISTORY_ADDRESS },
}

/** Osaka's, by EIP-7910's names. */
const PRECOMPILES: Readonly<Record<string, number>> = {
  ECREC: 0x01,
  SHA256: 0x02,
  RIPEMD160: 0x03,
  ID: 0x04,
  MODEXP: 0x05,
  BN254_ADD: 0x06,
  BN254_MUL: 0x07,
  BN254_PAIRING: 0x08,
  BLAKE2F: 0x09,
  KZG_POINT_EVALUATION: 0x0a,
  BLS12_G1ADD: 0x0b,
  BLS12_G1MSM: 0x0c,
  BLS12_G2ADD: 0x0d,
  BLS12_G2MSM: 0x0e,
  BLS12_PAIRING_CHECK: 0x0f,
  BLS12_MAP_FP_TO_G1: 0x10,
  BLS12_MAP_FP2_TO_G2: 0x11,
  P256VERIFY: 0x100,
}

/** The checksum of EIP-2124 over the genesis hash and the forks so far. */
function forkId(genesisHash: AddressHex, activations: readonly number[]): string {
  const points = Buffer.alloc(8 * activations.length)
  for (const [index, point] of activations.entries()) points.writeBigUInt64BE(BigInt(point), 8 * index)
  return `0x${crc32(Buffer.concat([hexToBytes(genesisHash), points]))
    .toString(16)
    .padStart(8, '0')}`
}

export const configMethods: Record<string, RpcMethod> = {
  eth_config: (_, { chain, genesis, forks = ZOS_FORKS }) => ({
    current: {
      activationTime: forks.activationTime,
      blobSchedule: forks.blobSchedule,
      chainId: quantity(genesis.chainId),
      forkId: forkId(chain.block(0)!.hash, forks.activations),
      precompiles: Object.fromEntries(
        Object.entries(PRECOMPILES).map(([name, address]) => [name, `0x${address.toString(16).padStart(40, '0')}`]),
      ),
      systemContracts: forks.systemContracts,
    },
    next: null,
    last: null,
  }),

  /** The oldest block that each kind of question can be about. */
  eth_capabilities: (_, { chain }) => {
    const { header, hash } = chain.head!
    const since = (block: number) => ({ disabled: false, oldestBlock: quantity(block) })
    const history = since(chain.firstBlock)
    const state = {
      ...since(Math.max(0, header.number - HISTORY_BLOCKS)),
      deleteStrategy: { type: 'window', retentionBlocks: quantity(HISTORY_BLOCKS) },
    }
    return {
      head: { number: quantity(header.number), hash },
      state,
      tx: history,
      logs: history,
      receipts: history,
      blocks: history,
      stateproofs: state,
    }
  },
}
