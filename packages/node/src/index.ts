export type { CheckpointCosigner, CosignSubject } from './checkpoint/cosigner.ts'
export type { CheckpointRecord, Cosigned } from './checkpoint/record.ts'
export type { Clock } from './clock.ts'
export type { DevOptions } from './devnet/dev-control.ts'
export { isNodeError, NodeError, type NodeErrorCode } from './errors.ts'
export { type DerivedAccount, deriveAccounts, privateKeyHex, TEST_MNEMONIC } from './genesis/accounts.ts'
export {
  DEVNET_CHAIN_ID,
  type DevnetGenesis,
  type DevnetValidatorKeys,
  devnetGenesis,
} from './genesis/devnet-genesis.ts'
export type { Genesis, GenesisAccount, GenesisConsensus, GenesisValidator } from './genesis/genesis.ts'
export { parseGenesis } from './genesis/parse-genesis.ts'
export type { IbcSettings } from './ibc/settings.ts'
export { fileStorage } from './light-server/file-storage.ts'
export { type LightServer, serveLightNode } from './light-server/light-server.ts'
export { createNode } from './node.ts'
export type { Logger, NodeOptions, NodeStatus, PruningOptions, ZosNode } from './node-api.ts'
export type { LinkConditions } from './p2p/link.ts'
export type { AddressHex } from './state/account.ts'
export type { KeyValueStore } from './store/kv.ts'
