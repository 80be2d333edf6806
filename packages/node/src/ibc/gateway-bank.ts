/**
 * The host's bank port. Tokens themselves are moved by the gateway contract, after the host has decided: every change of an account becomes
 * an action for it. What stands on the host's own accounts (the escrow of each route, transfers passing through) is counted here.
 */
import { type Bank, HubError, type Journal, type KvStore } from '@zos/hub-ibc'
import type { AddressHex } from '../state/account.ts'
import { IBC_GATEWAY_ADDRESS } from './addresses.ts'
import type { GatewayAction } from './gateway-abi.ts'

/** The chain's own coin, in its smallest unit. */
export const COIN_DENOM = 'azos'
export const COIN_TOKEN: AddressHex = `0x${'00'.repeat(20)}`
const TOKEN_DENOM = /^erc20\/(0x[0-9a-f]{40})$/
const ACCOUNT = /^0x[0-9a-fA-F]{40}$/
/** Accounts of transfers on their way through (see `forward` in @zos/hub-ibc). */
const PASSAGE = 'forward/'

/** What the host calls the token at `address`. */
export const denomOfToken = (address: AddressHex): string => (address === COIN_TOKEN ? COIN_DENOM : `erc20/${address}`)

function tokenOf(denom: string): AddressHex {
  if (denom === COIN_DENOM) return COIN_TOKEN
  const [, address] = TOKEN_DENOM.exec(denom) ?? []
  if (!address) throw new HubError('HUB_APPLICATION', 'no token of this chain has that name', { denom })
  return address as AddressHex
}

export interface GatewayBank extends Bank {
  /** The actions since the last call of this. */
  takeActions(): GatewayAction[]
  /** Adds an action that takes part in the running message's all or nothing. */
  act(action: GatewayAction): void
}

/** A bank over `store` (journaled) for the messages that run in `journal`. */
export function createGatewayBank(store: KvStore, journal: Journal): GatewayBank {
  let actions: GatewayAction[] = []
  const key = (account: string, denom: string) => new TextEncoder().encode(`balance/${account}/${denom}`)
  const balance = (account: string, denom: string): bigint => {
    const bytes = store.get(key(account, denom))
    return bytes ? BigInt(new TextDecoder().decode(bytes)) : 0n
  }
  const add = (account: string, denom: string, amount: bigint) => {
    const next = balance(account, denom) + amount
    if (next < 0n)
      throw new HubError('HUB_INSUFFICIENT', 'the account does not have that much', { account, denom, amount })
    if (next === 0n) store.delete(key(account, denom))
    else store.set(key(account, denom), new TextEncoder().encode(next.toString()))
  }
  const act = (action: GatewayAction) => {
    actions.push(action)
    journal.record(() => actions.pop())
  }
  const isUser = (account: string) => ACCOUNT.test(account)
  const user = (account: string): AddressHex => {
    if (!isUser(account))
      throw new HubError('HUB_APPLICATION', 'the receiver is no address of this chain', {
        receiver: account.slice(0, 64),
      })
    return account.toLowerCase() as AddressHex
  }
  const move = (kind: 'mint' | 'burn' | 'release', denom: string, account: AddressHex, amount: bigint) => {
    const token = tokenOf(denom)
    if (kind !== 'release' && token === COIN_TOKEN)
      throw new HubError('HUB_INVARIANT', 'the chain’s own coin is never minted or burned by IBC', { denom, amount })
    act({ kind, token, account, amount, data: new Uint8Array() })
  }

  return {
    act,
    takeActions() {
      const taken = actions
      actions = []
      return taken
    },
    balance,
    transfer(from, to, denom, amount) {
      // From a user: the gateway has taken the tokens before it asked the host to send.
      if (!isUser(from)) add(from, denom, -amount)
      if (isUser(from) || to.startsWith(PASSAGE) || from.startsWith(PASSAGE)) {
        tokenOf(denom)
        add(to, denom, amount)
      } else move('release', denom, user(to), amount)
    },
    mint(to, denom, amount) {
      if (to.startsWith(PASSAGE)) {
        add(to, denom, amount)
        move('mint', denom, IBC_GATEWAY_ADDRESS, amount)
      } else move('mint', denom, user(to), amount)
    },
    burn(from, denom, amount) {
      if (!isUser(from)) add(from, denom, -amount)
      move('burn', denom, IBC_GATEWAY_ADDRESS, amount)
    },
  }
}
