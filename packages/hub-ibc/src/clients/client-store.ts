/** What the light clients share: their two kinds of state in the client's store, and the heights in order. */

import type { KvStore } from '../core/journal.ts'
import { CLIENT_STATE_KEY, type ClientContext, compareHeights, heightText, processedKey } from '../core/light-client.ts'
import { Any, Height } from '../core/messages.ts'
import { utf8 } from '../encoding/bytes.ts'
import type { Codec } from '../encoding/protobuf.ts'
import { message, optional } from '../encoding/protobuf.ts'
import { HubError } from '../errors.ts'

const consensusKey = (height: Height) => utf8(`consensusStates/${heightText(height)}`)

/** The message inside `any`. Throws `HUB_DECODE` for another type. */
export function unpack<T>(any: Any, typeUrl: string, codec: Codec<T>): T {
  if (any.typeUrl !== typeUrl) throw new HubError('HUB_DECODE', `expected ${typeUrl}`, { typeUrl: any.typeUrl })
  return codec.decode(any.value)
}

/** Reads and writes one kind of client's states. */
export function statesOf<C, S>(
  clientUrl: string,
  clientCodec: Codec<C>,
  consensusUrl: string,
  consensusCodec: Codec<S>,
) {
  // Stored bytes are the same object until they are written anew, so each state is decoded once.
  const known = new WeakMap<Uint8Array, C | S>()
  const open = <T extends C | S>(bytes: Uint8Array, url: string, codec: Codec<T>): T => {
    let state = known.get(bytes) as T | undefined
    if (state === undefined) {
      state = unpack(Any.decode(bytes), url, codec)
      known.set(bytes, state)
    }
    return state
  }
  return {
    client(context: ClientContext): C {
      const bytes = context.store.get(CLIENT_STATE_KEY)
      if (!bytes) throw new HubError('HUB_NOT_FOUND', `no client "${context.clientId}"`, { clientId: context.clientId })
      return open(bytes, clientUrl, clientCodec)
    },
    setClient(context: ClientContext, state: C): void {
      context.store.set(
        CLIENT_STATE_KEY,
        Any.encode({ typeUrl: clientUrl, value: clientCodec.encode(state as Partial<C>) }),
      )
    },
    findConsensus(context: ClientContext, height: Height): S | undefined {
      const bytes = context.store.get(consensusKey(height))
      return bytes && open(bytes, consensusUrl, consensusCodec)
    },
    consensus(context: ClientContext, height: Height): S {
      const state = this.findConsensus(context, height)
      if (!state) {
        throw new HubError('HUB_PROOF', 'the client knows no state at this height', {
          clientId: context.clientId,
          height: heightText(height),
        })
      }
      return state
    },
    setConsensus(context: ClientContext, height: Height, state: S): void {
      context.store.set(
        consensusKey(height),
        Any.encode({ typeUrl: consensusUrl, value: consensusCodec.encode(state as Partial<S>) }),
      )
    },
    /** Forgets a height, with the time at which it was learned. */
    deleteConsensus(context: ClientContext, height: Height): void {
      context.store.delete(consensusKey(height))
      context.store.delete(processedKey(height))
    },
  }
}

const Link = message({ previous: optional(1, Height), next: optional(2, Height) })
const linkKey = (height: Height) => utf8(`heights/${heightText(height)}`)
const FIRST = utf8('heights/first')
const LAST = utf8('heights/last')

function read<T>(store: KvStore, codec: Codec<T>, key: Uint8Array): T | undefined {
  const bytes = store.get(key)
  return bytes && codec.decode(bytes)
}

// A zero byte in front, so that the link of a single height is not the empty value that a provable store refuses.
const readLink = (store: KvStore, height: Height) => {
  const bytes = store.get(linkKey(height))
  return bytes && Link.decode(bytes.subarray(1))
}
const writeLink = (
  store: KvStore,
  height: Height,
  link: { previous: Height | undefined; next: Height | undefined },
) => {
  const bytes = Link.encode(link)
  const value = new Uint8Array(bytes.length + 1)
  value.set(bytes, 1)
  store.set(linkKey(height), value)
}

/** Puts `height` into the client's ordered list; its neighbours. Cheap near the newest height, where updates come. */
export function insertHeight(
  store: KvStore,
  height: Height,
): { previous: Height | undefined; next: Height | undefined } {
  let previous = read(store, Height, LAST)
  let next: Height | undefined
  while (previous && compareHeights(previous, height) > 0) {
    next = previous
    previous = readLink(store, previous)?.previous
  }
  if (previous && compareHeights(previous, height) === 0) return { previous: readLink(store, previous)?.previous, next }
  writeLink(store, height, { previous, next })
  if (previous) writeLink(store, previous, { previous: readLink(store, previous)?.previous, next: height })
  else store.set(FIRST, Height.encode(height))
  if (next) writeLink(store, next, { previous: height, next: readLink(store, next)?.next })
  else store.set(LAST, Height.encode(height))
  return { previous, next }
}

export const oldestHeight = (store: KvStore): Height | undefined => read(store, Height, FIRST)

/** Takes the oldest height out of the list. The newest is never taken. */
export function dropOldestHeight(store: KvStore): void {
  const oldest = oldestHeight(store)
  const next = oldest && readLink(store, oldest)?.next
  if (!next) return
  store.delete(linkKey(oldest))
  store.set(FIRST, Height.encode(next))
  writeLink(store, next, { previous: undefined, next: readLink(store, next)?.next })
}
