import { bytesToHex, hexToBytes } from '@ethereumjs/util'
import { Any } from '@zos/hub-ibc'
import { isNodeError } from '../../errors.ts'
import { IBC_GATEWAY_ADDRESS, IBC_HOST_ADDRESS } from '../../ibc/addresses.ts'
import { voteKeyOf } from '../../ibc/vote-keys.ts'
import { readOnlyStorage } from '../../native/native-storage.ts'
import type { AddressHex } from '../../state/account.ts'
import type { RpcContext, RpcMethod } from '../context.ts'
import { invalidParams, RpcCode, RpcError } from '../rpc-error.ts'

/** Bytes of a key in the store; the store's own limit. */
const MAX_KEY_HEX = 2 + 2 * 1_024

const ibcOf = ({ ibc }: RpcContext) => ibc!

function keyParam(value: unknown): Uint8Array {
  if (typeof value !== 'string' || value.length > MAX_KEY_HEX || !/^0x([0-9a-fA-F]{2})+$/.test(value))
    throw invalidParams('key must be bytes in hexadecimal')
  return hexToBytes(value as `0x${string}`)
}

function heightParam(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1)
    throw invalidParams(`${name} must be a height: a whole number of 1 or more`)
  return value
}

const newest = (context: RpcContext) => {
  const { number } = context.chain.head!.header
  return { number, time: ibcOf(context).ledger.last?.time ?? 0n }
}

const anyHex = (any: Any): string => bytesToHex(Any.encode(any))

/** What a relayer asks of a network that speaks IBC. Bytes are protobuf in hexadecimal; heights are block numbers. */
export const ibcMethods: Record<string, RpcMethod> = {
  /** Name, revision, gateway, and the newest block whose header has a quorum of signatures (0: none yet), with its time in nanoseconds. */
  zos_ibcStatus: (_, context) => {
    const { checkpoints, ledger } = ibcOf(context)
    return {
      chainId: checkpoints.chainId,
      revision: Number(checkpoints.revision),
      gateway: IBC_GATEWAY_ADDRESS,
      height: checkpoints.newest,
      time: String(ledger.facts(checkpoints.newest)?.time ?? 0n),
    }
  },

  /** A MerkleProof of what the store holds at `key` after block `height`. */
  zos_ibcProof: ([key, height], context) => {
    try {
      return bytesToHex(ibcOf(context).ledger.prove(keyParam(key), heightParam(height, 'height')))
    } catch (error) {
      if (isNodeError(error)) throw new RpcError(RpcCode.rejected, error.message)
      throw error
    }
  },

  /** What the store holds at `key` now; null for nothing. */
  zos_ibcGet: ([key], context) => {
    const value = ibcOf(context).ledger.get(keyParam(key))
    return value ? bytesToHex(value) : null
  },

  /**
   * The messages (`Any`) that bring a client of this chain from height `trusted` to `target`: one, or several where committees changed in between. When they end before
   * `target`, ask again from there. Null if signatures are missing.
   */
  zos_ibcUpdates: ([target, trusted], context) => {
    const { checkpoints } = ibcOf(context)
    return checkpoints.updates(heightParam(target, 'target'), heightParam(trusted, 'trusted'))?.map(anyHex) ?? null
  },

  /** The set that votes for the header of block `height`, the next block's by default: address, key and power of each. */
  zos_ibcVoters: ([height], context) => {
    const { sets } = ibcOf(context)
    const reign = height === undefined ? sets.newest : sets.at(heightParam(height, 'height'))
    if (!reign) return null
    return {
      first: reign.first,
      hash: bytesToHex(reign.set.hash),
      voters: reign.set.voters.map(({ address, publicKey, power }) => ({
        address,
        publicKey: bytesToHex(publicKey),
        power: power.toString(),
      })),
    }
  },

  /** The vote key that the validator with signing address `address` has registered, and its sequence; null if none. */
  zos_ibcVoteKey: ([address], context) => {
    if (typeof address !== 'string' || !/^0x[0-9a-fA-F]{40}$/.test(address))
      throw invalidParams('address must have 20 bytes')
    const storage = readOnlyStorage(context.state.latest(), IBC_HOST_ADDRESS)
    const found = voteKeyOf(storage, address.toLowerCase() as AddressHex)
    return found ? { voteKey: bytesToHex(found.voteKey), sequence: found.sequence.toString() } : null
  },

  /** The states that create a client of this chain elsewhere, at its newest signed height; null before the first. */
  zos_ibcClientStates: (_, context) => {
    const states = ibcOf(context).checkpoints.clientStates()
    return states ? { clientState: anyHex(states.clientState), consensusState: anyHex(states.consensusState) } : null
  },

  /** The newest height of its counterparty that a client on this chain knows, and its status. */
  zos_ibcClient: ([id], context) => {
    if (typeof id !== 'string' || id.length > 64) throw invalidParams('the client must be an identifier')
    try {
      return ibcOf(context).callMachine.read(context.state.latest(), newest(context), ({ host }) => {
        const { revisionNumber, revisionHeight } = host.clientHeight(id)
        return { revision: Number(revisionNumber), height: Number(revisionHeight), status: host.clientStatus(id) }
      })
    } catch (error) {
      throw new RpcError(RpcCode.rejected, (error as Error).message)
    }
  },

  /** The account that may set limits and isolate zones; null for nobody. */
  zos_ibcGovernor: (_, context) =>
    ibcOf(context).callMachine.read(context.state.latest(), newest(context), ({ governor }) => governor ?? null),

  /** The books of one asset on one route: what the zone holds, what is in flight, the limits, and why the zone is isolated, if it is. Amounts are decimal. */
  zos_ibcHoldings: ([port, channel, asset], context) => {
    const names = [port, channel, asset]
    if (!names.every((name): name is string => typeof name === 'string' && name.length <= 200))
      throw invalidParams('port, channel and asset must be text')
    const route = { port: names[0] as string, channel: names[1] as string }
    const name = names[2] as string
    return ibcOf(context).callMachine.read(context.state.latest(), newest(context), ({ hub }) => {
      const limitOf = (direction: 'in' | 'out') => {
        const rule = hub.limitOf(route, name, direction)
        return rule ? { capacity: String(rule.capacity), refillPerSecond: String(rule.refillPerSecond) } : null
      }
      return {
        holdings: hub.ledger.holdings(route, name).toString(),
        inFlight: hub.ledger.inFlight(route, name).toString(),
        escrow: hub.ledger.escrow(name).toString(),
        isolated: hub.isolationOf(route) ?? null,
        limits: { in: limitOf('in'), out: limitOf('out') },
      }
    })
  },
}
