import { bytesToHex } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import type { RpcMethod } from '../context.ts'
import { quantity } from '../format.ts'
import { dataParam } from '../params.ts'

export const CLIENT_VERSION = `zos/v0.0.0/${process.platform}-${process.arch}/node${process.versions.node}`

/** Who answers, and on which network. */
export const networkMethods: Record<string, RpcMethod> = {
  web3_clientVersion: () => CLIENT_VERSION,
  web3_sha3: ([data]) => bytesToHex(keccak256(dataParam(data, 'data'))),
  net_version: (_, { genesis }) => String(genesis.chainId),
  net_listening: () => true,
  net_peerCount: (_, { peerCount }) => quantity(peerCount()),
  eth_chainId: (_, { genesis }) => quantity(genesis.chainId),
  eth_protocolVersion: () => '0x41',
  eth_syncing: () => false,
  eth_mining: () => false,
  eth_hashrate: () => '0x0',
  eth_coinbase: (_, { chain }) => chain.head!.header.beneficiary,
}
