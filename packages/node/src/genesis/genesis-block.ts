import { bytesToHex } from '@ethereumjs/util'
import type { Chain } from '../chain/chain.ts'
import { ethereumBlockSize } from '../execution/block-rlp.ts'
import { type BlockHeader, headerHash, ZERO_HASH } from '../execution/header.ts'
import { EMPTY_BLOOM } from '../execution/receipt.ts'
import { EMPTY_ROOT } from '../state/account.ts'
import type { WorldState } from '../state/world-state.ts'
import { type Genesis, genesisState } from './genesis.ts'

/** Block 0: the accounts of the genesis, no transactions. */
export async function createGenesisBlock(
  genesis: Genesis,
  hash: Uint8Array,
  state: WorldState,
  chain: Chain,
): Promise<void> {
  const { stateRoot, stored } = state.apply(0, genesisState(genesis).changes())
  const header: BlockHeader = {
    number: 0,
    parentHash: ZERO_HASH,
    beneficiary: `0x${'00'.repeat(20)}`,
    stateRoot,
    transactionsRoot: EMPTY_ROOT,
    receiptsRoot: EMPTY_ROOT,
    logsBloom: EMPTY_BLOOM,
    gasLimit: BigInt(genesis.gasLimit),
    gasUsed: 0n,
    timestamp: Math.floor(genesis.timestampMs / 1000),
    extraData: bytesToHex(hash),
    mixHash: bytesToHex(hash),
    baseFeePerGas: BigInt(genesis.baseFeePerGas),
    parentBeaconBlockRoot: ZERO_HASH,
  }
  const block = {
    header,
    hash: headerHash(header),
    leader: bytesToHex(hash),
    round: 0,
    units: [],
    transactions: [],
    size: ethereumBlockSize(header, []),
  }
  await chain.append({ block, transactions: [], skipped: [] }, stored)
  state.settled()
}
