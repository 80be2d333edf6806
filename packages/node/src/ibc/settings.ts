/** What a genesis file decides about IBC. A network without it has no gateway and signs no checkpoints for other chains. */
import { bytesToHex, type PrefixedHexString } from '@ethereumjs/util'
import { ed25519 } from '@noble/curves/ed25519.js'
import { blake2b } from '@noble/hashes/blake2.js'
import type { AddressHex } from '../state/account.ts'

/**
 * What a genesis file decides about IBC: `ibc` of {@link Genesis}. A network without it has no gateway and signs no
 * checkpoints for other chains.
 */
export interface IbcSettings {
  /** The name other chains know this one by. Ends in its revision: `zoshub-1`. */
  chainId: string
  /**
   * The Ed25519 keys that validators sign IBC checkpoints with from the start; others register theirs (docs/ibc.md). The stake of a validator without one counts
   * against the quorum of two thirds.
   */
  voteKeys: { address: AddressHex; publicKey: PrefixedHexString }[]
  /** The account that may set limits, isolate zones and bring clients back (docs/ibc.md). Without one nobody may. */
  governor?: AddressHex
}

/** Revision 0 is what a chain without a suffix has; ours always carry one, so that a restart from an export can count up. */
const CHAIN_ID = /^[a-z][a-z0-9-]{1,40}-[1-9][0-9]{0,8}$/
/** BLAKE2b personalization (16 bytes): the vote key tells nothing of the key that it is derived from. */
const VOTE_KEY = new TextEncoder().encode('zos-ibc-vote-key')

/** True for a name that other chains can know a network by. */
export const isIbcName = (name: unknown): name is string => typeof name === 'string' && CHAIN_ID.test(name)

/** The Ed25519 key (32 bytes) of a validator for IBC checkpoints, from its signing key. */
export function ibcVoteKey(validatorKey: Uint8Array): Uint8Array {
  return blake2b(validatorKey, { dkLen: 32, personalization: VOTE_KEY })
}

/** The settings of a network whose validators' keys are all at hand: a local one. */
export function ibcSettings(
  chainId: string,
  validators: readonly { address: AddressHex; privateKey: Uint8Array }[],
): IbcSettings {
  return {
    chainId,
    voteKeys: validators.map(({ address, privateKey }) => ({
      address,
      publicKey: bytesToHex(ed25519.getPublicKey(ibcVoteKey(privateKey))),
    })),
  }
}

/** The first field of `ibc` in a genesis file that is wrong; undefined when none is. */
export function ibcSettingsProblem(
  value: IbcSettings,
  validators: readonly { address: AddressHex }[],
): string | undefined {
  if (typeof value !== 'object' || value === null) return 'ibc'
  if (!isIbcName(value.chainId)) return 'ibc.chainId'
  if (!Array.isArray(value.voteKeys)) return 'ibc.voteKeys'
  if (value.governor !== undefined && !/^0x[0-9a-f]{40}$/.test(value.governor)) return 'ibc.governor'
  const seen = new Set<string>()
  for (const [index, key] of value.voteKeys.entries()) {
    const known = validators.some(({ address }) => address === key?.address)
    if (!known || seen.has(key.address)) return `ibc.voteKeys[${index}].address`
    if (typeof key.publicKey !== 'string' || !/^0x[0-9a-f]{64}$/.test(key.publicKey) || seen.has(key.publicKey))
      return `ibc.voteKeys[${index}].publicKey`
    seen.add(key.address).add(key.publicKey)
  }
  return undefined
}
