export type { Hex } from './abi.ts'
export type { Eip1193Port, MarketClock } from './chain.ts'
export {
  assignShards,
  type ChooseOptions,
  chooseOffers,
  type DealNeeds,
  fewestDomains,
  fitsOffer,
  type HeldShards,
  type PeerPlace,
  placeOfPeer,
} from './choose-offers.ts'
export {
  createDealKeeper,
  type DealKeeper,
  type DealKeeperOptions,
  type DealTerms,
  type KeeperEvent,
  type LayoutDealsOptions,
  type WantedDeal,
  wantedOfLayout,
} from './deal-keeper.ts'
export { createRpcProvider, type RpcProviderOptions } from './json-rpc.ts'
export {
  type Ask,
  BEACON_SECONDS,
  COIN,
  collateralOf,
  createStorageMarket,
  type Deal,
  GIB,
  type Offer,
  PRICE_SCALE,
  payPerWindow,
  type Standing,
  type StorageMarket,
  type StorageMarketOptions,
  type Terms,
  type WindowChallenge,
} from './market.ts'
export {
  createProviderAgent,
  type ProviderAgent,
  type ProviderAgentOptions,
  type ProviderEvent,
  type Refusal,
} from './provider-agent.ts'
export { accountOf, createSigner, type SignerOptions } from './signer.ts'
