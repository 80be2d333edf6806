/** What a token contract says about itself (ERC-20 and ERC-721 metadata). */
import { call } from './rpc.ts'

export interface Token {
  name: string
  symbol: string
  /** Undefined for an ERC-721. */
  decimals: number | undefined
  supply: bigint | undefined
}

const SELECTOR = { name: '0x06fdde03', symbol: '0x95d89b41', decimals: '0x313ce567', totalSupply: '0x18160ddd' }
const known = new Map<string, Promise<Token | undefined>>()

/** Undefined for what is no token. Asked once a contract. */
export function tokenOf(address: string): Promise<Token | undefined> {
  const asked = known.get(address) ?? ask(address)
  known.set(address, asked)
  return asked
}

async function ask(address: string): Promise<Token | undefined> {
  const read = (data: string) => call<string>('eth_call', { to: address, data }, 'latest').catch(() => '0x')
  const [name, symbol, decimals, supply] = await Promise.all([
    read(SELECTOR.name),
    read(SELECTOR.symbol),
    read(SELECTOR.decimals),
    read(SELECTOR.totalSupply),
  ])
  const [nameText, symbolText] = [text(name), text(symbol)]
  if (!symbolText) return undefined
  const places = number(decimals)
  return {
    name: nameText ?? symbolText,
    symbol: symbolText,
    decimals: places !== undefined && places <= 77n ? Number(places) : undefined,
    supply: number(supply),
  }
}

/** `amount` with the token's decimal point. */
export function tokenAmount(amount: string, decimals: number | undefined): string {
  if (!decimals) return BigInt(amount).toLocaleString('en')
  const digits = amount.padStart(decimals + 1, '0')
  const whole = BigInt(digits.slice(0, -decimals)).toLocaleString('en')
  const fraction = digits.slice(-decimals).replace(/0+$/, '')
  return fraction ? `${whole}.${fraction}` : whole
}

function number(answer: string): bigint | undefined {
  return /^0x[0-9a-f]{64}$/.test(answer) ? BigInt(answer) : undefined
}

/** ABI: offset, length, bytes. Some old tokens answer 32 bytes instead. */
function text(answer: string): string | undefined {
  const hex = answer.slice(2)
  if (hex.length < 64) return undefined
  const length = hex.length >= 192 ? Number(BigInt(`0x${hex.slice(64, 128)}`)) : 32
  const start = hex.length >= 192 ? 128 : 0
  if (length > 256) return undefined
  const bytes = (hex.slice(start, start + 2 * length).match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16))
  const value = new TextDecoder().decode(new Uint8Array(bytes)).replace(/\0+$/, '')
  return value === '' ? undefined : value
}
