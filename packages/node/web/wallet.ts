/** Wallets in the browser: those that announce themselves (EIP-6963), and the one that older pages know (EIP-1193 as `window.ethereum`). */

export interface WalletProvider {
  request(call: { method: string; params?: unknown[] }): Promise<unknown>
}

export interface Wallet {
  readonly name: string
  readonly provider: WalletProvider
}

/** How long wallets are waited for: they answer an event at once, from scripts that run before the page. */
const ANNOUNCE_MS = 100
/** What a wallet says when it does not know the network (EIP-3085, MetaMask). */
const UNKNOWN_CHAIN = 4902

/** The wallets of this browser; empty if there is none. */
export async function findWallets(): Promise<Wallet[]> {
  const found = new Map<string, Wallet>()
  const listen = (event: Event) => {
    const { info, provider } = (event as CustomEvent).detail ?? {}
    if (typeof info?.uuid === 'string' && typeof provider?.request === 'function')
      found.set(info.uuid, { name: String(info.name).slice(0, 64), provider })
  }
  addEventListener('eip6963:announceProvider', listen)
  dispatchEvent(new Event('eip6963:requestProvider'))
  await new Promise((resolve) => setTimeout(resolve, ANNOUNCE_MS))
  removeEventListener('eip6963:announceProvider', listen)
  const { ethereum } = globalThis as { ethereum?: WalletProvider }
  if (found.size === 0 && typeof ethereum?.request === 'function')
    found.set('', { name: 'Wallet of this browser', provider: ethereum })
  return [...found.values()]
}

/** Asks for the wallet's account on the network `chainId`, and for the network to be added when the wallet does not know it. */
export async function connect({ provider }: Wallet, chainId: string): Promise<string> {
  const [account] = (await provider.request({ method: 'eth_requestAccounts' })) as string[]
  if (!account) throw new Error('The wallet gives no account.')
  if ((await provider.request({ method: 'eth_chainId' })) !== chainId) await changeNetwork(provider, chainId)
  return account.toLowerCase()
}

async function changeNetwork(provider: WalletProvider, chainId: string): Promise<void> {
  try {
    await provider.request({ method: 'wallet_switchEthereumChain', params: [{ chainId }] })
  } catch (error) {
    if ((error as { code?: number }).code !== UNKNOWN_CHAIN) throw error
    const nativeCurrency = { name: 'ZOS', symbol: 'ZOS', decimals: 18 }
    const network = { chainId, chainName: `ZOS ${Number(chainId)}`, nativeCurrency, rpcUrls: [location.origin] }
    await provider.request({ method: 'wallet_addEthereumChain', params: [network] })
  }
}

/** Coins as a person writes them, in wei; undefined for what is no amount. */
export function weiOf(text: string): bigint | undefined {
  const [, whole, fraction = ''] = /^(\d{1,20})(?:\.(\d{1,18}))?$/.exec(text.trim()) ?? []
  return whole === undefined ? undefined : BigInt(whole) * 10n ** 18n + BigInt(fraction.padEnd(18, '0'))
}
