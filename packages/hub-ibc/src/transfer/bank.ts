import type { Journal } from '../core/journal.ts'
import { HubError } from '../errors.ts'

/** The port to the chain's balances. Every change takes part in the running message through the host's journal. */
export interface Bank {
  /** In the token's smallest unit; 0 for an account that has none. */
  balance(account: string, denom: string): bigint
  /** Throws `HUB_INSUFFICIENT` where the account does not have it. */
  transfer(from: string, to: string, denom: string, amount: bigint): void
  /** Makes tokens that did not exist: vouchers of what came from elsewhere. */
  mint(to: string, denom: string, amount: bigint): void
  /** Throws `HUB_INSUFFICIENT`. */
  burn(from: string, denom: string, amount: bigint): void
}

/** A bank in memory, for tests, simulations and local chains. */
export function createMemoryBank(journal: Journal): Bank & { supply(denom: string): bigint } {
  const balances = new Map<string, bigint>()
  const supplies = new Map<string, bigint>()
  const key = (account: string, denom: string) => `${denom}\n${account}`
  const add = (map: Map<string, bigint>, name: string, amount: bigint) => {
    const before = map.get(name) ?? 0n
    if (before + amount < 0n)
      throw new HubError('HUB_INSUFFICIENT', 'the account does not have that much', { name, before, amount })
    journal.record(() => map.set(name, before))
    map.set(name, before + amount)
  }
  return {
    balance: (account, denom) => balances.get(key(account, denom)) ?? 0n,
    supply: (denom) => supplies.get(denom) ?? 0n,
    transfer(from, to, denom, amount) {
      add(balances, key(from, denom), -amount)
      add(balances, key(to, denom), amount)
    },
    mint(to, denom, amount) {
      add(balances, key(to, denom), amount)
      add(supplies, denom, amount)
    },
    burn(from, denom, amount) {
      add(balances, key(from, denom), -amount)
      add(supplies, denom, -amount)
    },
  }
}
