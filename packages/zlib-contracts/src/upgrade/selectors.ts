import { FunctionFragment } from 'ethers'

/** Two things that answer, or would answer, to one selector. */
export interface SelectorClash {
  readonly selector: `0x${string}`
  /** Who has which signature. */
  readonly first: { readonly owner: string; readonly signature: string }
  readonly second: { readonly owner: string; readonly signature: string }
}

/**
 * Selectors that more than one of `abis` (by name) answers to, such as an application and the proxy before it, or two modules: the call would
 * reach one of them only.
 */
export function selectorClashes(abis: Readonly<Record<string, readonly unknown[]>>): SelectorClash[] {
  const seen = new Map<string, { owner: string; signature: string }>()
  const clashes: SelectorClash[] = []
  for (const [owner, abi] of Object.entries(abis))
    for (const entry of abi) {
      if ((entry as { type?: string }).type !== 'function') continue
      const fragment = FunctionFragment.from(entry)
      const here = { owner, signature: fragment.format('sighash') }
      const first = seen.get(fragment.selector)
      if (!first) seen.set(fragment.selector, here)
      else if (first.owner !== owner)
        clashes.push({ selector: fragment.selector as `0x${string}`, first, second: here })
    }
  return clashes
}
