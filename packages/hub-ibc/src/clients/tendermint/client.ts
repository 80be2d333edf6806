/** ICS-07: the light client of CometBFT chains, and of ZOS where its checkpoints are in CometBFT's format. */

import type { LightClientModule } from '../../core/light-client.ts'
import { compareHeights, heightText } from '../../core/light-client.ts'
import type { Height as IbcHeight } from '../../core/messages.ts'
import { equal } from '../../encoding/bytes.ts'
import { HubError } from '../../errors.ts'
import { iavlSpec, tendermintSpec } from '../../ics23/specs.ts'
import { dropOldestHeight, insertHeight, oldestHeight, statesOf, unpack } from '../client-store.ts'
import { createMerkleVerifier } from '../merkle-proof.ts'
import { ClientState, ConsensusState, Header, Misbehaviour, type SignedHeader, TYPE_URLS } from './messages.ts'
import {
  checkLightBlock,
  headerHash,
  revisionOf,
  type SignatureVerifier,
  validatorSetHash,
  verifyHeader,
} from './verify.ts'

/** The proof specs of Cosmos chains: an IAVL store under a simple Merkle root. */
export const cosmosProofSpecs = [iavlSpec, tendermintSpec] as const

const states = statesOf(TYPE_URLS.clientState, ClientState, TYPE_URLS.consensusState, ConsensusState)
const FROZEN = { revisionNumber: 0n, revisionHeight: 1n }

function fail(reason: string, context: Record<string, unknown> = {}): HubError {
  return new HubError('HUB_CLIENT_UPDATE', `07-tendermint: ${reason}`, context)
}

function parts(header: Header): { signedHeader: SignedHeader; header: Header; height: IbcHeight } {
  const signed = header.signedHeader
  if (!signed?.header || !signed.commit || !header.validatorSet || !header.trustedValidators)
    throw fail('header is incomplete')
  return {
    header,
    signedHeader: { header: signed.header, commit: signed.commit },
    height: { revisionNumber: revisionOf(signed.header.chainId), revisionHeight: signed.header.height },
  }
}

const stateOf = ({ header }: SignedHeader): ConsensusState => ({
  timestamp: header.time,
  root: { hash: header.appHash },
  nextValidatorsHash: header.nextValidatorsHash,
})

const sameState = (a: ConsensusState, b: ConsensusState) =>
  a.timestamp === b.timestamp && equal(a.root.hash, b.root.hash) && equal(a.nextValidatorsHash, b.nextValidatorsHash)

/** The 07-tendermint module. `verifySignature`: a faster check of the same verdicts (batches, native code). */
export function createTendermintClient(options: { verifySignature?: SignatureVerifier } = {}): LightClientModule {
  const verifyMerkleProof = createMerkleVerifier()
  const signatures = options.verifySignature ? { verifySignature: options.verifySignature } : {}

  return {
    clientType: '07-tendermint',
    clientStateTypeUrl: TYPE_URLS.clientState,

    initialize(context, clientAny, consensusAny) {
      const client = unpack(clientAny, TYPE_URLS.clientState, ClientState)
      const consensus = unpack(consensusAny, TYPE_URLS.consensusState, ConsensusState)
      const { numerator: n, denominator: d } = client.trustLevel
      if (client.chainId.trim() === '' || client.chainId.length > 50) throw fail('chain id is missing or too long')
      if (d === 0n || n * 3n < d || n > d) throw fail('trust level must be between 1/3 and 1')
      if (client.trustingPeriod <= 0n || client.unbondingPeriod <= 0n || client.maxClockDrift <= 0n)
        throw fail('periods must be positive')
      if (client.trustingPeriod >= client.unbondingPeriod)
        throw fail('trusting period must be shorter than the unbonding period')
      if (compareHeights(client.frozenHeight, { revisionNumber: 0n, revisionHeight: 0n }) !== 0)
        throw fail('a new client must not be frozen')
      if (client.latestHeight.revisionNumber !== revisionOf(client.chainId))
        throw fail('revision does not match the chain id')
      if (client.latestHeight.revisionHeight === 0n) throw fail('height must not be zero')
      if (client.proofSpecs.length === 0) throw fail('proof specs are missing')
      if (consensus.root.hash.length === 0 || consensus.timestamp <= 0n) throw fail('consensus state is empty')
      if (consensus.nextValidatorsHash.length !== 32) throw fail('hash of the next validators must have 32 bytes')
      states.setClient(context, client)
      states.setConsensus(context, client.latestHeight, consensus)
      insertHeight(context.store, client.latestHeight)
    },

    status(context) {
      const client = states.client(context)
      if (client.frozenHeight.revisionHeight !== 0n || client.frozenHeight.revisionNumber !== 0n) return 'frozen'
      const consensus = states.findConsensus(context, client.latestHeight)
      return !consensus || consensus.timestamp + client.trustingPeriod <= context.now ? 'expired' : 'active'
    },

    recover(context, substitute) {
      const [old, fresh] = [states.client(context), states.client(substitute)]
      // ibc-go's rule: everything but where the client stands and how long it trusts must be the same.
      const rules = ({ trustLevel, unbondingPeriod, maxClockDrift, proofSpecs, upgradePath }: ClientState) =>
        ClientState.encode({ trustLevel, unbondingPeriod, maxClockDrift, proofSpecs, upgradePath })
      if (!equal(rules(old), rules(fresh))) throw fail('the substitute follows other rules')
      if (compareHeights(old.latestHeight, fresh.latestHeight) >= 0)
        throw fail('the substitute must be at a higher height')
      const { chainId, latestHeight, trustingPeriod } = fresh
      const frozenHeight = { revisionNumber: 0n, revisionHeight: 0n }
      insertHeight(context.store, latestHeight)
      states.setConsensus(context, latestHeight, states.consensus(substitute, latestHeight))
      states.setClient(context, { ...old, chainId, latestHeight, trustingPeriod, frozenHeight })
    },

    latestHeight: (context) => states.client(context).latestHeight,
    timestampAt: (context, height) => states.consensus(context, height).timestamp,

    update(context, any) {
      const client = states.client(context)

      /** Throws unless the header follows from a state that this client trusts. */
      const verify = (header: Header) => {
        const { signedHeader, height } = parts(header)
        if (height.revisionNumber !== client.latestHeight.revisionNumber)
          throw fail('header of another revision', { height: heightText(height) })
        const trusted = states.consensus(context, header.trustedHeight)
        const nextValidators = header.trustedValidators!.validators
        if (!equal(validatorSetHash(nextValidators), trusted.nextValidatorsHash))
          throw fail('trusted validators are not those of the trusted height')
        const verdict = verifyHeader(
          {
            height: header.trustedHeight.revisionHeight,
            time: trusted.timestamp,
            nextValidatorsHash: trusted.nextValidatorsHash,
            nextValidators,
          },
          { signedHeader, validators: header.validatorSet!.validators },
          { ...client, now: context.now, ...signatures },
        )
        if (verdict.status !== 'valid')
          throw fail(verdict.reason, { height: heightText(height), status: verdict.status })
        return { signedHeader, height }
      }
      const freeze = () => {
        states.setClient(context, { ...client, frozenHeight: FROZEN })
        return { heights: [], frozen: true }
      }

      if (any.typeUrl === TYPE_URLS.misbehaviour) {
        const { header1, header2 } = unpack(any, TYPE_URLS.misbehaviour, Misbehaviour)
        if (!header1 || !header2) throw fail('misbehaviour needs two headers')
        const [first, second] = [parts(header1), parts(header2)]
        for (const { header, signedHeader } of [first, second]) {
          // Evidence may be of any age within the trusting period, so time and height need not grow from the trusted state.
          const trusted = states.consensus(context, header.trustedHeight)
          if (trusted.timestamp + client.trustingPeriod <= context.now)
            throw fail('evidence is older than the trusting period')
          if (!equal(validatorSetHash(header.trustedValidators!.validators), trusted.nextValidatorsHash)) {
            throw fail('trusted validators are not those of the trusted height')
          }
          const block = { signedHeader, validators: header.validatorSet!.validators }
          const verdict = checkLightBlock(block, { chainId: client.chainId, ...signatures })
          if (verdict.status !== 'valid') throw fail(verdict.reason)
          verify(header)
        }
        const order = compareHeights(first.height, second.height)
        const sameHeight =
          order === 0 && !equal(headerHash(first.signedHeader.header), headerHash(second.signedHeader.header))
        const backwards =
          (order > 0 && first.signedHeader.header.time <= second.signedHeader.header.time) ||
          (order < 0 && first.signedHeader.header.time >= second.signedHeader.header.time)
        if (!sameHeight && !backwards) throw fail('the two headers do not conflict')
        return freeze()
      }

      const { signedHeader, height } = verify(unpack(any, TYPE_URLS.header, Header))
      const state = stateOf(signedHeader)
      const existing = states.findConsensus(context, height)
      if (existing) return sameState(existing, state) ? { heights: [height], frozen: false } : freeze()

      // Expired states are of no use to anybody; one a message keeps the store small.
      const oldest = oldestHeight(context.store)
      if (oldest && compareHeights(oldest, client.latestHeight) < 0) {
        const old = states.findConsensus(context, oldest)
        if (old && old.timestamp + client.trustingPeriod <= context.now) {
          dropOldestHeight(context.store)
          states.deleteConsensus(context, oldest)
        }
      }
      const { previous, next } = insertHeight(context.store, height)
      const before = previous && states.findConsensus(context, previous)
      const after = next && states.findConsensus(context, next)
      if ((before && before.timestamp >= state.timestamp) || (after && after.timestamp <= state.timestamp))
        return freeze()
      states.setConsensus(context, height, state)
      if (compareHeights(height, client.latestHeight) > 0)
        states.setClient(context, { ...client, latestHeight: height })
      return { heights: [height], frozen: false }
    },

    verifyMembership(context, height, proof, path, value) {
      verifyMerkleProof(
        states.client(context).proofSpecs,
        states.consensus(context, height).root.hash,
        proof,
        path,
        value,
      )
    },
    verifyNonMembership(context, height, proof, path) {
      verifyMerkleProof(
        states.client(context).proofSpecs,
        states.consensus(context, height).root.hash,
        proof,
        path,
        undefined,
      )
    },
  }
}
