/** What the state machines of IBC core share: the store, the clients, the clock, and the events of the running message. */
import { concat, utf8 } from '../encoding/bytes.ts'
import type { Codec } from '../encoding/protobuf.ts'
import { HubError } from '../errors.ts'
import type { ChannelApplication, IbcEvent, PayloadApplication } from './application.ts'
import type { Journal, KvStore } from './journal.ts'
import {
  CLIENT_STATE_KEY,
  type ClientContext,
  compareHeights,
  heightText,
  type LightClientModule,
  processedKey,
} from './light-client.ts'
import type { Height } from './messages.ts'
import type { MerklePath } from './paths.ts'

/** The executing chain's time. */
export interface ChainClock {
  /** Block time in nanoseconds since 1970. */
  now(): bigint
  height(): Height
}

export interface Keeper {
  readonly store: KvStore
  readonly journal: Journal
  readonly clock: ChainClock
  readonly modules: ReadonlyMap<string, LightClientModule>
  readonly channelApplications: Map<string, ChannelApplication>
  readonly payloadApplications: Map<string, PayloadApplication>
  /** This chain's own store prefix, `ibc`. */
  readonly prefix: Uint8Array
  emit(event: IbcEvent): void
}

export function readUint(keeper: Keeper, key: Uint8Array): bigint | undefined {
  const value = keeper.store.get(key)
  return value && new DataView(value.buffer, value.byteOffset, 8).getBigUint64(0)
}

export function writeUint(keeper: Keeper, key: Uint8Array, value: bigint): void {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value)
  keeper.store.set(key, bytes)
}

/** The next number of a counter under `name`, from 0. */
export function nextNumber(keeper: Keeper, name: string): bigint {
  const key = utf8(name)
  const number = readUint(keeper, key) ?? 0n
  writeUint(keeper, key, number + 1n)
  return number
}

export function readMessage<T>(keeper: Keeper, codec: Codec<T>, key: Uint8Array): T | undefined {
  const value = keeper.store.get(key)
  return value && codec.decode(value)
}

/** The module of a client by its identifier's prefix, and the context to call it with. Throws `HUB_NOT_FOUND`. */
export function clientOf(keeper: Keeper, id: string): { module: LightClientModule; context: ClientContext } {
  const module = keeper.modules.get(id.slice(0, id.lastIndexOf('-')))
  const context = clientContext(keeper, id)
  if (!module || !context.store.get(CLIENT_STATE_KEY))
    throw new HubError('HUB_NOT_FOUND', `no client "${id}"`, { clientId: id })
  return { module, context }
}

/** Bytes of the clients' prefixes: asked for some ten times a packet. */
const prefixes = new Map<string, Uint8Array>()
const MAX_PREFIXES = 1_000

function clientPrefix(id: string): Uint8Array {
  let prefix = prefixes.get(id)
  if (!prefix) {
    prefix = utf8(`clients/${id}/`)
    if (prefixes.size >= MAX_PREFIXES) prefixes.clear()
    prefixes.set(id, prefix)
  }
  return prefix
}

export function clientContext(keeper: Keeper, id: string): ClientContext {
  const base = clientPrefix(id)
  const under = (key: Uint8Array) => concat(base, key)
  const { store } = keeper
  // Every step of a message asks for the client's state. A context is used for one step, in which nobody else writes it.
  let state: Uint8Array | undefined
  return {
    clientId: id,
    now: keeper.clock.now(),
    store: {
      get(key) {
        if (key !== CLIENT_STATE_KEY) return store.get(under(key))
        state ??= store.get(under(key))
        return state
      },
      set(key, value) {
        state = undefined
        store.set(under(key), value)
      },
      delete(key) {
        state = undefined
        store.delete(under(key))
      },
    },
  }
}

function activeClient(keeper: Keeper, id: string): ReturnType<typeof clientOf> {
  const client = clientOf(keeper, id)
  const status = client.module.status(client.context)
  if (status !== 'active')
    throw new HubError('HUB_CLIENT_INACTIVE', `client "${id}" is ${status}`, { clientId: id, status })
  return client
}

export const requireActive = (keeper: Keeper, id: string): void => {
  activeClient(keeper, id)
}

/** Nanoseconds at the client's newest height. Throws where the client knows none. */
export function latestTimestamp(keeper: Keeper, id: string): { height: Height; timestamp: bigint } {
  const { module, context } = activeClient(keeper, id)
  const height = module.latestHeight(context)
  return { height, timestamp: module.timestampAt(context, height) }
}

export function timestampAt(keeper: Keeper, id: string, height: Height): bigint {
  const { module, context } = activeClient(keeper, id)
  return module.timestampAt(context, height)
}

/** Remembers when an update arrived, for connections with a delay period. */
export function markProcessed(keeper: Keeper, id: string, height: Height): void {
  const { store } = clientContext(keeper, id)
  if (store.get(processedKey(height))) return
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, keeper.clock.now())
  store.set(processedKey(height), bytes)
}

function checkDelay(keeper: Keeper, id: string, height: Height, delayPeriod: bigint): void {
  if (delayPeriod === 0n) return
  const processed = clientContext(keeper, id).store.get(processedKey(height))
  const since = processed && new DataView(processed.buffer, processed.byteOffset, 8).getBigUint64(0)
  if (since === undefined || keeper.clock.now() < since + delayPeriod) {
    throw new HubError(
      'HUB_PROOF',
      'the connection’s delay period has not passed since the client learned the height',
      {
        clientId: id,
        height: heightText(height),
      },
    )
  }
}

/** Throws `HUB_PROOF` or `HUB_CLIENT_INACTIVE` unless the counterparty stores `value` at `path`. */
export function verifyMembership(
  keeper: Keeper,
  id: string,
  height: Height,
  proof: Uint8Array,
  path: MerklePath,
  value: Uint8Array,
  delayPeriod = 0n,
): void {
  const { module, context } = activeClient(keeper, id)
  checkHeight(module, context, height)
  checkDelay(keeper, id, height, delayPeriod)
  module.verifyMembership(context, height, proof, path, value)
}

/** Throws `HUB_PROOF` or `HUB_CLIENT_INACTIVE` unless the counterparty stores nothing at `path`. */
export function verifyNonMembership(
  keeper: Keeper,
  id: string,
  height: Height,
  proof: Uint8Array,
  path: MerklePath,
  delayPeriod = 0n,
): void {
  const { module, context } = activeClient(keeper, id)
  checkHeight(module, context, height)
  checkDelay(keeper, id, height, delayPeriod)
  module.verifyNonMembership(context, height, proof, path)
}

function checkHeight(module: LightClientModule, context: ClientContext, height: Height): void {
  const latest = module.latestHeight(context)
  if (compareHeights(height, latest) > 0) {
    throw new HubError('HUB_PROOF', 'proof height is above what the client knows', {
      clientId: context.clientId,
      height: heightText(height),
      latest: heightText(latest),
    })
  }
}
