import { blake2b } from '@noble/hashes/blake2.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { type CheckpointMember, committeeHash, SCHEME_BIP340, SCHEME_SQISIGN } from '@zos/zpos/checkpoint'
import type { GenesisConsensus } from '../genesis/genesis.ts'
import { LightError } from './errors.ts'

/** What a light node has to know of a network. Every genesis file is one; balances may be left out. */
export interface LightChain {
  readonly chainId: number
  /** When the network began, unix milliseconds. */
  readonly timestampMs: number
  /** The committee of the first epoch, as the genesis has it. */
  readonly validators: readonly {
    readonly address: string
    readonly publicKey: string
    readonly isogenyKey?: string
    readonly stake: string
  }[]
  /** Rules of the consensus contract that are not the ZOS network's: calls that reach it need them. */
  readonly consensus?: GenesisConsensus
}

/** A chain, parsed. */
export interface TrustRoot {
  readonly chainId: number
  readonly timeMs: number
  readonly members: readonly CheckpointMember[]
  /** Whether checkpoints need the second signature. */
  readonly hybrid: boolean
  /** Names the network in stored state. */
  readonly key: string
}

/** Errors: `LIGHT_INVALID_ARGUMENT`. */
export function trustRootOf(chain: LightChain): TrustRoot {
  if (!Array.isArray(chain?.validators) || chain.validators.length === 0)
    throw invalid('it has no validators; it is a genesis, or the "chain" that a devnet prints')
  if (!Number.isSafeInteger(chain.chainId)) throw invalid('chainId must be a whole number')
  if (!Number.isSafeInteger(chain.timestampMs)) throw invalid('timestampMs must be a whole number')
  try {
    const members = chain.validators.map(({ address, publicKey, isogenyKey, stake }) => ({
      address,
      stake: BigInt(stake),
      keys: [
        { scheme: SCHEME_BIP340, key: hexToBytes(publicKey.slice(2)) },
        ...(isogenyKey ? [{ scheme: SCHEME_SQISIGN, key: hexToBytes(isogenyKey.slice(2)) }] : []),
      ],
    }))
    const identity = `${chain.chainId} ${chain.timestampMs} ${committeeHash(0, members)}`
    return {
      chainId: chain.chainId,
      timeMs: chain.timestampMs,
      members,
      hybrid: members.every(({ keys }) => keys.some(({ scheme }) => scheme === SCHEME_SQISIGN)),
      key: bytesToHex(blake2b(new TextEncoder().encode(identity), { dkLen: 16 })),
    }
  } catch (error) {
    throw invalid(`a validator needs address, publicKey and stake (${(error as Error).message})`)
  }
}

function invalid(what: string): LightError {
  return new LightError('LIGHT_INVALID_ARGUMENT', `the chain is not usable: ${what}`)
}
