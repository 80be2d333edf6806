/**
 * What the governor of a network may do with its hub: limits, caps, isolation, aliases of zones, and bringing back a frozen client. The governor is an account that
 * the genesis names (a contract with a vote behind it, a multi-signature wallet); it calls the host itself, and may hand its office over. It can stop and slow
 * what moves; it can't move, make or keep anybody's tokens, and refunds pass whatever it says.
 */
import { bytesToBigInt, bytesToHex, bytesToUtf8, hexToBytes, utf8ToBytes } from '@ethereumjs/util'
import { type Hub, HubError, type IbcHost, type KvStore, parseDenom } from '@zos/hub-ibc'
import type { AddressHex } from '../state/account.ts'
import { addressAt, dynamicAt, selector, wordAt } from './gateway-abi.ts'

/** For ethers and viem, at `IBC_HOST_ADDRESS`. Routes are `transfer/07-tendermint-0` or `transfer/channel-0`, assets as in the books (`azos`, `erc20/0x…`). */
export const GOVERNANCE_ABI = [
  'function setLimit(string route, string asset, bool outgoing, uint256 capacity, uint256 refillPerSecond)',
  'function clearLimit(string route, string asset, bool outgoing)',
  'function isolate(string route, string reason)',
  'function readmit(string route)',
  'function setCap(string zone, string base, uint256 cap)',
  'function clearCap(string zone, string base)',
  'function setAlias(string path, string zone)',
  'function recoverClient(string subject, string substitute)',
  'function setGovernor(address governor)',
  'event Governed(string action, string subject)',
] as const

/** Bytes of one text: the longest names of assets have some 200. */
const MAX_TEXT = 512
const GOVERNOR = utf8ToBytes('governor')

type Value = string | bigint | boolean

interface Parts {
  readonly hub: Hub
  readonly host: IbcHost
  readonly books: KvStore
}

const routeOf = (text: string) => {
  const [port, channel, ...more] = text.split('/')
  if (!port || !channel || more.length > 0)
    throw new HubError('HUB_INVALID_ARGUMENT', 'a route is port/channel or port/client', { route: text.slice(0, 80) })
  return { port, channel }
}
const way = (outgoing: Value | undefined) => (outgoing === true ? 'out' : 'in')

/** What each function does; its text arguments come first. */
const ACTIONS: Readonly<Record<string, (parts: Parts, ...values: Value[]) => void>> = {
  setLimit: ({ hub }, route, asset, outgoing, capacity, refillPerSecond) =>
    hub.setLimit(routeOf(route as string), asset as string, way(outgoing), {
      capacity: capacity as bigint,
      refillPerSecond: refillPerSecond as bigint,
    }),
  clearLimit: ({ hub }, route, asset, outgoing) =>
    hub.setLimit(routeOf(route as string), asset as string, way(outgoing), undefined),
  isolate: ({ hub }, route, reason) => hub.isolate(routeOf(route as string), reason as string),
  readmit: ({ hub }, route) => hub.readmit(routeOf(route as string)),
  setCap: ({ hub }, zone, base, cap) => hub.setCap({ zone: zone as string, base: base as string }, cap as bigint),
  clearCap: ({ hub }, zone, base) => hub.setCap({ zone: zone as string, base: base as string }, undefined),
  setAlias: ({ hub }, path, zone) => hub.assets.alias(parseDenom(`${path}/base`).trace, zone as string),
  recoverClient: ({ host }, subject, substitute) => host.recoverClient(subject as string, substitute as string),
  setGovernor: ({ books }, governor) => books.set(GOVERNOR, hexToBytes(governor as AddressHex)),
}

const FUNCTIONS = new Map(
  GOVERNANCE_ABI.filter((line) => line.startsWith('function')).map((line) => {
    const [, name, list] = /^function (\w+)\(([^)]*)\)/.exec(line) as unknown as [string, string, string]
    const types = list.split(', ').map((part) => part.split(' ')[0]!)
    return [selector(`${name}(${types.join(',')})`), { name, types }] as const
  }),
)

export interface GovernanceCall {
  readonly name: string
  readonly values: readonly Value[]
}

/** The call in `data`; undefined for another call, and for arguments that do not decode. */
export function decodeGovernance(data: Uint8Array): GovernanceCall | undefined {
  const method = FUNCTIONS.get(bytesToHex(data.subarray(0, 4)))
  if (!method) return undefined
  const body = data.subarray(4)
  try {
    return { name: method.name, values: method.types.map((type, index) => valueAt(body, type, index)) }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function valueAt(body: Uint8Array, type: string, index: number): Value {
  if (type === 'string') {
    const bytes = dynamicAt(body, index)
    if (bytes.length > MAX_TEXT) throw new RangeError('the text is too long')
    return bytesToUtf8(bytes)
  }
  if (type === 'address') return addressAt(body, index)
  const number = bytesToBigInt(wordAt(body, index))
  return type === 'bool' ? number !== 0n : number
}

/** Who governs: whom the last one named, else whom the genesis names; undefined for nobody. */
export function governorOf(books: KvStore, genesis: AddressHex | undefined): AddressHex | undefined {
  const stored = books.get(GOVERNOR)
  return stored ? (bytesToHex(stored) as AddressHex) : genesis
}

/** Does what the governor said, inside the host's `run`. Throws `HubError`. */
export function govern(parts: Parts, { name, values }: GovernanceCall): void {
  ACTIONS[name]!(parts, ...values)
}
