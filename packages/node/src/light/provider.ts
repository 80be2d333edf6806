/** EIP-1193, as wallets' libraries take it: ethers' `BrowserProvider` and viem's `custom()`. */
import { LightError } from './errors.ts'

type Listener = (event: never) => void

/**
 * An EIP-1193 provider whose every answer is proved; what cannot be proved is refused with `LIGHT_UNVERIFIABLE` (code
 * 4200). Events: `connect`, `disconnect`, and `message` for `eth_subscribe` of `newHeads`.
 */
export interface LightProvider {
  // biome-ignore lint/suspicious/noExplicitAny: what wallets' libraries declare; each method has its own result
  request(args: { method: string; params?: readonly unknown[] | object }): Promise<any>
  on(event: string, listener: Listener): LightProvider
  removeListener(event: string, listener: Listener): LightProvider
}

/** Subscriptions that one page may hold. */
const MAX_SUBSCRIPTIONS = 64

/** A provider and the side of it that the light node feeds. */
export interface ProviderPort {
  readonly provider: LightProvider
  /** Tells listeners whether the network is reached. */
  connected(chainId: string | undefined, cause?: LightError): void
  /** Tells subscribers of a new verified block. */
  header(header: unknown): void
  readonly wantsHeaders: boolean
}

export function createProvider(call: (method: string, params: readonly unknown[]) => Promise<unknown>): ProviderPort {
  const listeners = new Map<string, Set<Listener>>()
  const subscriptions = new Set<string>()
  let nextSubscription = 1
  let isConnected = false
  const emit = (event: string, value: unknown) => {
    for (const listener of listeners.get(event) ?? []) (listener as (value: unknown) => void)(value)
  }

  const subscribe = ([kind]: readonly unknown[]): string => {
    if (kind !== 'newHeads')
      throw new LightError(
        'LIGHT_UNVERIFIABLE',
        `the light node subscribes to newHeads alone, not to ${String(kind)}`,
        { kind },
      )
    if (subscriptions.size >= MAX_SUBSCRIPTIONS)
      throw new LightError('LIGHT_INVALID_ARGUMENT', `at most ${MAX_SUBSCRIPTIONS} subscriptions`)
    const id = `0x${(nextSubscription++).toString(16)}`
    subscriptions.add(id)
    return id
  }

  const provider: LightProvider = {
    async request({ method, params = [] }) {
      if (!Array.isArray(params)) throw new LightError('LIGHT_INVALID_ARGUMENT', 'params must be a list')
      if (method === 'eth_subscribe') return subscribe(params)
      if (method === 'eth_unsubscribe') return subscriptions.delete(String(params[0]))
      return call(method, params)
    },
    on(event, listener) {
      listeners.set(event, (listeners.get(event) ?? new Set()).add(listener))
      return provider
    },
    removeListener(event, listener) {
      listeners.get(event)?.delete(listener)
      return provider
    },
  }
  return {
    provider,
    get wantsHeaders() {
      return subscriptions.size > 0
    },
    connected(chainId, cause) {
      if (chainId !== undefined && !isConnected) emit('connect', { chainId })
      if (chainId === undefined && isConnected) emit('disconnect', cause)
      isConnected = chainId !== undefined
    },
    header(header) {
      for (const subscription of subscriptions)
        emit('message', { type: 'eth_subscription', data: { subscription, result: header } })
    },
  }
}
