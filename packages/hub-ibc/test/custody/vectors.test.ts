import { describe, expect, it } from 'vitest'
import { aggregate, commit, openSession, signShare, verifyShare, verifySignature } from '../../src/custody/frost.ts'
import { finishKeygen, repairDeltas, repairSum, shareFor, verifyProof } from '../../src/custody/keygen.ts'
import {
  ed25519Suite,
  evaluate,
  lagrange,
  p256Suite,
  ristretto255Suite,
  type Suite,
  secp256k1Suite,
} from '../../src/custody/suite.ts'
import { fromHex, toHex } from '../../src/encoding/bytes.ts'
import ownCopy from '../vectors/frost-ed25519.json' with { type: 'json' }
import { hasVectors, readVector } from '../vectors-folder.ts'

const SUITES: readonly Suite[] = [ed25519Suite, ristretto255Suite, secp256k1Suite, p256Suite]
const path = (suite: Suite, file: string) => `frost/frost-${suite.name}/tests/helpers/${file}.json`
const load = (suite: Suite, file: string) =>
  hasVectors(path(suite, file))
    ? readVector(path(suite, file))
    : suite.name === 'ed25519'
      ? (ownCopy as Record<string, any>)[file]
      : undefined

for (const suite of SUITES) {
  describe(`FROST ${suite.name}, vectors of RFC 9591 and the Zcash Foundation`, () => {
    const scalar = (hex: string) => suite.decodeScalar(fromHex(hex))

    for (const file of ['vectors', 'vectors-big-identifier']) {
      const vector = load(suite, file)
      it.skipIf(!vector)(`signs as in ${file} (skipped without the vectors folder)`, () => {
        const { inputs } = vector
        const threshold = Number(vector.config.MIN_PARTICIPANTS)
        const secret = scalar(inputs.group_secret_key)
        const coefficients = [secret, ...inputs.share_polynomial_coefficients.map(scalar)]
        const shares = new Map<bigint, bigint>(
          inputs.participant_shares.map((s: any) => [BigInt(s.identifier), scalar(s.participant_share)]),
        )
        for (const [id, share] of shares) expect(evaluate(suite, coefficients, id)).toBe(share)
        const key = {
          suite,
          threshold,
          publicKey: fromHex(inputs.verifying_key_key),
          verifyingShares: new Map([...shares].map(([id, share]) => [id, suite.base.multiply(share).toBytes()])),
        }
        expect(toHex(suite.base.multiply(secret).toBytes())).toBe(inputs.verifying_key_key)
        const nonces = vector.round_one_outputs.outputs.map((o: any) => {
          const randomness = [fromHex(o.hiding_nonce_randomness), fromHex(o.binding_nonce_randomness)]
          const made = commit(
            suite,
            { identifier: BigInt(o.identifier), share: shares.get(BigInt(o.identifier))! },
            () => randomness.shift()!,
          )
          expect(toHex(suite.encodeScalar(made.hiding))).toBe(o.hiding_nonce)
          expect(toHex(made.commitment.hiding)).toBe(o.hiding_nonce_commitment)
          expect(toHex(made.commitment.binding)).toBe(o.binding_nonce_commitment)
          return made
        })
        const message = fromHex(inputs.message)
        const session = openSession(
          key,
          message,
          nonces.map((n: any) => n.commitment),
        )
        vector.round_one_outputs.outputs.forEach((o: any) => {
          expect(toHex(suite.encodeScalar(session.bindingFactors.get(BigInt(o.identifier))!))).toBe(o.binding_factor)
        })
        const signed = new Map<bigint, bigint>()
        vector.round_two_outputs.outputs.forEach((o: any, i: number) => {
          const identifier = BigInt(o.identifier)
          const share = signShare(session, { identifier, share: shares.get(identifier)! }, nonces[i])
          expect(toHex(suite.encodeScalar(share))).toBe(o.sig_share)
          expect(verifyShare(session, identifier, share)).toBe(true)
          signed.set(identifier, share)
        })
        const signature = aggregate(session, signed)
        expect(toHex(signature)).toBe(vector.final_output.sig)
        expect(verifySignature(suite, key.publicKey, message, signature)).toBe(true)
      })
    }

    const dkg = load(suite, 'vectors_dkg')
    it.skipIf(!dkg)('generates keys as in vectors_dkg (skipped without the vectors folder)', () => {
      const ids = ['1', '2', '3']
      const dealers = ids.map((id) => ({
        dealer: BigInt(id),
        commitments: dkg.inputs[id].vss_commitments.map(fromHex),
        proof: fromHex(dkg.inputs[id].proof_of_knowledge),
      }))
      for (const dealer of dealers) expect(verifyProof(suite, dealer)).toBe(true)
      for (const id of ids) {
        const shares = ids.map((from) => {
          const dealing = {
            public: dealers[Number(from) - 1]!,
            coefficients: [scalar(dkg.inputs[from].signing_key), scalar(dkg.inputs[from].coefficient)],
          }
          const dealt = shareFor(suite, dealing, BigInt(id))
          if (from !== id) expect(toHex(suite.encodeScalar(dealt.share))).toBe(dkg.inputs[id].signing_shares[from])
          return dealt
        })
        const { key, secret } = finishKeygen(suite, 2, BigInt(id), dealers, shares)
        expect(toHex(key.publicKey)).toBe(dkg.inputs.verifying_key)
        expect(toHex(suite.encodeScalar(secret.share))).toBe(dkg.inputs[id].signing_share)
        expect(toHex(key.verifyingShares.get(BigInt(id))!)).toBe(dkg.inputs[id].verifying_share)
      }
    })

    const repair = load(suite, 'repair-share')
    it.skipIf(!repair)('repairs shares as in repair-share (skipped without the vectors folder)', () => {
      const { sigma_generation: sigma, scalar_generation: scalars } = repair
      expect(
        toHex(
          suite.encodeScalar(
            repairSum(
              suite,
              [1, 2, 3].map((i) => scalar(scalars[`random_scalar_${i}`])),
            ),
          ),
        ),
      ).toBe(scalars.random_scalar_sum)
      expect(
        toHex(
          suite.encodeScalar(
            repairSum(
              suite,
              [1, 2, 3, 4].map((i) => scalar(sigma[`sigma_${i}`])),
            ),
          ),
        ),
      ).toBe(sigma.sigma_sum)
      // The whole protocol gives the lost share back.
      const coefficients = [5n, 7n, 11n]
      const helpers = [1n, 4n, 5n]
      const deltas = helpers.map((identifier) =>
        repairDeltas(suite, { identifier, share: evaluate(suite, coefficients, identifier) }, helpers, 2n),
      )
      const sigmas = helpers.map((id) =>
        repairSum(
          suite,
          deltas.map((parts) => parts.get(id)!),
        ),
      )
      expect(repairSum(suite, sigmas)).toBe(evaluate(suite, coefficients, 2n))
      expect(lagrange(suite, 1n, [1n])).toBe(1n)
    })
  })
}
