/** ICS-02: what a light client must do, whatever it follows. The implementations stand in `src/clients`. */

import { utf8 } from '../encoding/bytes.ts'
import type { KvStore } from './journal.ts'
import type { Any, Height } from './messages.ts'
import type { MerklePath } from './paths.ts'

/**
 * Whether a light client can be used (ICS-02): `frozen` by evidence of misbehaviour, `expired` when its newest state is
 * older than it may trust. Both need governance to come back, see {@link IbcHost.recoverClient}.
 */
export type ClientStatus = 'active' | 'frozen' | 'expired'

/** One client's own corner of the provable store, and the chain's time. */
export interface ClientContext {
  readonly clientId: string
  /** Keys are relative to `clients/{clientId}/`. */
  readonly store: KvStore
  /** The executing chain's block time in nanoseconds since 1970. */
  readonly now: bigint
}

/** One kind of light client. Holds no state of its own: everything is in the context's store. All methods throw `HubError`. */
export interface LightClientModule {
  /** Name and prefix of client identifiers: `07-tendermint`. */
  readonly clientType: string
  /** Type URL of the client states that create such clients. */
  readonly clientStateTypeUrl: string
  /** Checks and stores the first states. */
  initialize(context: ClientContext, clientState: Any, consensusState: Any): void
  /** Checks `message` (a header, a batch, an attestation, or misbehaviour) and applies it; misbehaviour freezes. */
  update(context: ClientContext, message: Any): { readonly heights: readonly Height[]; readonly frozen: boolean }
  /**
   * Gives a client that is frozen or expired the newest state of `substitute`, an active one of the same chain under the same rules. For governance. Throws
   * `HUB_CLIENT_UPDATE` when the two do not match. Kinds without it cannot be recovered.
   */
  recover?(context: ClientContext, substitute: ClientContext): void
  /** Computed from the store and the time of the block. */
  status(context: ClientContext): ClientStatus
  latestHeight(context: ClientContext): Height
  /** Nanoseconds since 1970 at a height that the client knows. */
  timestampAt(context: ClientContext, height: Height): bigint
  /**
   * Checks that `value` stands at `path` under the state of `height`. Throws `HUB_PROOF` when the proof does not say
   * so, or when the client knows no state of that height.
   */
  verifyMembership(context: ClientContext, height: Height, proof: Uint8Array, path: MerklePath, value: Uint8Array): void
  /** Checks that nothing stands at `path`. Throws as {@link LightClientModule.verifyMembership}. */
  verifyNonMembership(context: ClientContext, height: Height, proof: Uint8Array, path: MerklePath): void
}

/** Order of heights: by revision, then by block. */
export function compareHeights(a: Height, b: Height): number {
  if (a.revisionNumber !== b.revisionNumber) return a.revisionNumber < b.revisionNumber ? -1 : 1
  if (a.revisionHeight !== b.revisionHeight) return a.revisionHeight < b.revisionHeight ? -1 : 1
  return 0
}

export const heightText = (height: Height): string => `${height.revisionNumber}-${height.revisionHeight}`

/** Where every client's store has its state. */
export const CLIENT_STATE_KEY: Uint8Array = utf8('clientState')

/** Where a client's store has the time at which it learned a height; core writes it, a client that forgets the height deletes it. */
export const processedKey = (height: Height): Uint8Array => utf8(`processed/${heightText(height)}`)
