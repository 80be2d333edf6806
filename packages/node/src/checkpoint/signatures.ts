import { bytesToHex } from '@ethereumjs/util'
import {
  bip340,
  type CheckpointCertificate,
  type CheckpointMember,
  type CheckpointShare,
  checkCertificate,
  checkpointDigest,
  SCHEME_SQISIGN,
  type SchemeVerifier,
} from '@zos/zpos/checkpoint'
import type { Isogeny } from '../identity/isogeny.ts'
import type { ShareMessage } from './record.ts'

/** Checks the signatures of shares and certificates, the slow scheme in its own thread. */
export interface CheckpointSignatures {
  /** For the sync code of zpos: knows the slow signatures that were checked here before. */
  readonly verifiers: readonly SchemeVerifier[]
  /** True if the share has a good signature under every scheme of the network. */
  checkShare(message: ShareMessage, members: readonly CheckpointMember[]): Promise<boolean>
  /** Why a certificate proves nothing; undefined if it proves its checkpoint. */
  checkCertificate(
    certificate: CheckpointCertificate,
    members: readonly CheckpointMember[],
  ): Promise<string | undefined>
}

/** Good slow signatures remembered: those of some epochs. */
const MAX_REMEMBERED = 1_024

export function createCheckpointSignatures(options: {
  readonly networkId: number
  readonly schemes: readonly number[]
  readonly isogeny: Isogeny
}): CheckpointSignatures {
  const { networkId, isogeny } = options
  const hybrid = options.schemes.includes(SCHEME_SQISIGN)
  const good = new Set<string>()
  const nameOf = (key: Uint8Array, digest: Uint8Array, signature: Uint8Array) =>
    [key, digest, signature].map((bytes) => bytesToHex(bytes)).join()
  const sqisign: SchemeVerifier = {
    scheme: SCHEME_SQISIGN,
    verify: (key, digest, signature) => good.has(nameOf(key, digest, signature)),
  }
  const verifiers = hybrid ? [bip340, sqisign] : [bip340]

  /** Checks the slow half; false as soon as one of the shares has a bad one. A share without any is no fault here. */
  async function checkSlow(
    shares: readonly CheckpointShare[],
    members: readonly CheckpointMember[],
    digest: Uint8Array,
  ) {
    for (const { address, signatures } of shares) {
      const member = members.find((candidate) => candidate.address === address)
      const key = member?.keys.find(({ scheme }) => scheme === SCHEME_SQISIGN)?.key
      const signature = signatures.find(({ scheme }) => scheme === SCHEME_SQISIGN)?.signature
      if (!key || !signature) continue
      const name = nameOf(key, digest, signature)
      if (good.has(name)) continue
      if (!(await isogeny.verify(signature, digest, key))) return false
      good.add(name)
      if (good.size > MAX_REMEMBERED) good.delete(good.values().next().value!)
    }
    return true
  }

  return {
    verifiers,
    async checkShare({ checkpoint, share }, members) {
      const digest = checkpointDigest(checkpoint, networkId)
      const member = members.find(({ address }) => address === share.address)
      if (!member) return false
      const holds = ({ scheme, verify }: SchemeVerifier) => {
        const key = member.keys.find((candidate) => candidate.scheme === scheme)?.key
        const signature = share.signatures.find((candidate) => candidate.scheme === scheme)?.signature
        return key !== undefined && signature !== undefined && verify(key, digest, signature)
      }
      if (!holds(bip340)) return false
      return !hybrid || ((await checkSlow([share], members, digest)) && holds(sqisign))
    },
    async checkCertificate(certificate, members) {
      const fast = checkCertificate(certificate, members, { networkId, verifiers: [bip340] })
      if (fast !== undefined || !hybrid) return fast
      const digest = checkpointDigest(certificate.checkpoint, networkId)
      if (!(await checkSlow(certificate.shares, members, digest))) return 'a signature of the second scheme is wrong'
      return checkCertificate(certificate, members, { networkId, verifiers })
    },
  }
}
