import { bytesToHex } from '@ethereumjs/util'
import type { Address } from '@zos/dag'
import type { ConsensusContract } from '@zos/zpos'
import { NodeError } from '../errors.ts'
import { isogenyPublicKey } from './isogeny-key-file.ts'

/**
 * The secret isogeny key of a validator. That of a candidate must be the one whose public half the consensus contract holds; who is
 * no candidate yet may start with the one that it will register. Throws `NODE_INVALID_ARGUMENT`.
 */
export function registeredIsogenyKey(
  contract: ConsensusContract,
  address: Address,
  secretKey: Uint8Array | undefined,
): Uint8Array {
  const owner = contract.ownerOf(address)
  const epoch = contract.epoch()
  // A key that was just changed signs once the committee that has it is in office; until then the old one does.
  const named = [
    owner && contract.candidate(owner)?.isogenyKey,
    ...[epoch, epoch + 1].map((number) => {
      const key = contract.committee(number)?.members.find((member) => member.address === address)?.isogenyKey
      return key && bytesToHex(key).slice(2)
    }),
  ].filter((key) => key !== undefined)
  const own = secretKey && bytesToHex(isogenyPublicKey(secretKey)).slice(2)
  if (secretKey && own !== undefined && (named.length === 0 || named.includes(own))) return secretKey
  throw new NodeError(
    'NODE_INVALID_ARGUMENT',
    `validator ${address} signs checkpoints with two keys, and the isogeny key ${own ? 'given is not the one that it has registered' : 'is missing'}`,
    { address },
  )
}
