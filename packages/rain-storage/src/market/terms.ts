/** What is agreed on in a market: an offer's terms, and what a deal asks for. */
import type { CID } from 'multiformats/cid'
import type { Hex } from './abi.ts'

/** What a provider offers. Never changed once published. */
export interface Terms {
  /** ERC-20 token, or {@link COIN} */
  readonly token: Hex
  /** bytes taken in all */
  readonly capacity: bigint
  readonly minDurationS: number
  /** units for a GiB and a second, scaled by {@link PRICE_SCALE} */
  readonly price: bigint
  /** units put up for a GiB */
  readonly collateral: bigint
  readonly maxDurationS: number
  readonly minPeriodS: number
  /** 1 to 255: the missed window with this number ends a deal */
  readonly maxMissed: number
}

/** What a client wants kept. */
export interface Ask {
  readonly offer: bigint
  /** of the raw block, by SHA-256 or BLAKE3 */
  readonly shard: CID
  readonly length: number
  /** `merkleRoot(crypto, bytes, 'rfc6962')` */
  readonly root: Uint8Array
  /** seconds of a window, a multiple of {@link BEACON_SECONDS} */
  readonly periodS: number
  readonly windows: number
  /** last second in which the provider can accept, at most seven days away */
  readonly acceptBy: number
  /** 1 to 16 leaves that a proof shows */
  readonly leaves: number
}
