import { hexToBytes } from '@ethereumjs/util'
import type { Address } from '@zos/dag'
import { type Committee, createCommittee } from '@zos/zpos'
import type { Genesis } from './genesis.ts'

/** The committee of epoch 0: the validators that the genesis names. What a node trusts before it has executed anything. */
export function genesisCommittee(genesis: Genesis): Committee {
  return createCommittee({
    epoch: 0,
    members: genesis.validators.map(({ address, publicKey, isogenyKey, vrfKey, stake }) => ({
      address: address as Address,
      publicKey: hexToBytes(publicKey),
      ...(isogenyKey ? { isogenyKey: hexToBytes(isogenyKey) } : {}),
      ...(vrfKey ? { vrfKey: hexToBytes(vrfKey) } : {}),
      stake: BigInt(stake),
    })),
  })
}
