import type { CancelSignal } from '../cancel.ts'
import type { IbcEvent } from '../core/application.ts'
import type { Delivery } from '../core/host.ts'
import type { Any, Height, IbcMessage } from '../core/messages.ts'

/** An IBC event of a chain's history, as {@link RelayEndpoint.events} reads it. */
export interface ChainEvent extends IbcEvent {
  /** The block it happened in. */
  readonly height: bigint
}

/** What a relayer needs of a chain, whatever it runs on. All methods reject with `HubError` `HUB_RELAY` when the chain does not answer. */
export interface RelayEndpoint {
  readonly chainId: string
  /** The newest height that can be proved, and its time in nanoseconds. */
  latest(signal?: CancelSignal): Promise<{ readonly height: Height; readonly time: bigint }>
  /** The IBC events of blocks `from … to`, in order. */
  events(from: bigint, to: bigint, signal?: CancelSignal): Promise<readonly ChainEvent[]>
  /** Whether the store holds something at `key` now. */
  has(key: Uint8Array, signal?: CancelSignal): Promise<boolean>
  /** A proof of what the store holds at `key` under `height`, for the light client of this chain. */
  prove(key: Uint8Array, height: Height, signal?: CancelSignal): Promise<Uint8Array>
  /** The messages that bring a client of this chain from `trusted` to `target`: usually one, more after bisection. */
  updates(target: Height, trusted: Height, signal?: CancelSignal): Promise<readonly Any[]>
  /** The newest height that a client *on* this chain knows of its counterparty. */
  clientHeight(clientId: string, signal?: CancelSignal): Promise<Height>
  /** Executes messages in order; one result each. Rejects with `HUB_SUBMISSION` when the chain takes none of them, as they are too much at once or fail as a whole. */
  submit(messages: readonly IbcMessage[], signal?: CancelSignal): Promise<readonly Delivery[]>
}

/** Where a relayer remembers how far it is. One small value a chain and path. */
export interface CursorStore {
  /** The block from which to read on; undefined where nothing was saved. */
  load(key: string): Promise<bigint | undefined>
  /** Should be durable when it resolves; a mark that is lost only means that blocks are read again. */
  save(key: string, height: bigint): Promise<void>
}

/** A {@link CursorStore} in memory: after a restart, the relayer reads from the start heights of its ends again. */
export function createMemoryCursors(): CursorStore {
  const cursors = new Map<string, bigint>()
  return {
    load: async (key) => cursors.get(key),
    save: async (key, height) => {
      cursors.set(key, height)
    },
  }
}
