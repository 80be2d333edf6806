import { RulesRegistry } from '@zos/dag'
import type { ValidatorInfo } from '@zos/zpos'
import { type CheckpointMember, type Hash32, SCHEME_BIP340, SCHEME_ECVRF, SCHEME_SQISIGN } from '@zos/zpos/checkpoint'
import type { Genesis } from '../genesis/genesis-file.ts'

/** The rules that this program has: one version so far. */
export const RULES_HASH: Hash32 = new RulesRegistry({ 1: 'first' }).hash()

/** The members of a committee as the verifiers of checkpoints know them. */
export function asSigners(members: readonly ValidatorInfo[]): CheckpointMember[] {
  return members.map(({ address, stake, publicKey, isogenyKey, vrfKey }) => ({
    address,
    stake,
    keys: [
      { scheme: SCHEME_BIP340, key: publicKey },
      ...(isogenyKey ? [{ scheme: SCHEME_SQISIGN, key: isogenyKey }] : []),
      ...(vrfKey ? [{ scheme: SCHEME_ECVRF, key: vrfKey }] : []),
    ],
  }))
}

/**
 * The schemes that have to hold a quorum each. A network whose genesis gives every validator an isogeny key asks for both for
 * good: were it a matter of each committee, whoever forges the classical half could name a committee without the other.
 */
export function schemesOf({ validators }: Pick<Genesis, 'validators'>): number[] {
  return validators.every(({ isogenyKey }) => isogenyKey !== undefined)
    ? [SCHEME_BIP340, SCHEME_SQISIGN]
    : [SCHEME_BIP340]
}
