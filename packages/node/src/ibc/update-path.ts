/**
 * The headers that bring a light client from a trusted height to another. A client takes a header in one step if more than a third of the set that
 * it trusts signed it; where committees changed more than that in between, the last header of a reign leads to the next set.
 */
import { type Any, type CometSignedHeader, checkpointUpdate } from '@zos/hub-ibc'
import type { VoterSet, VoterSets } from './voter-sets.ts'

/** Headers in one answer: they have to fit into one transaction beside what they are for. Whoever needs more asks again from there. */
const MAX_HEADERS = 8
/** Reigns that are looked through for a long step. */
const MAX_REIGNS = 1_024

export interface SignedChain {
  readonly sets: VoterSets
  readonly revision: bigint
  signed(height: number): CometSignedHeader | undefined
}

/** The update messages from `trusted` to `target`, the first {@link MAX_HEADERS} of them; undefined if no signed header leads on. */
export function updatePath(chain: SignedChain, target: number, trusted: number): Any[] | undefined {
  const path: Any[] = []
  const steps = [...stepsDown(chain.sets, target, trusted)]
  for (let at = trusted; at < target && path.length < MAX_HEADERS; ) {
    const from = chain.sets.at(at + 1)?.set
    const next = from && steps.find((step) => step > at && follows(chain, from, at, step))
    if (!next) return path.length > 0 ? path : undefined
    const trustedHeight = { revisionNumber: chain.revision, revisionHeight: BigInt(at) }
    path.push(
      checkpointUpdate(chain.signed(next)!, chain.sets.at(next)!.set.validators, trustedHeight, from.validators),
    )
    at = next
  }
  return path
}

/** `target`, then the last heights of the reigns before it, down to that of `trusted`. */
function* stepsDown(sets: VoterSets, target: number, trusted: number): Generator<number> {
  yield target
  let reign = sets.at(target)
  for (let count = 0; reign && reign.first - 1 > trusted && count < MAX_REIGNS; count++) {
    yield reign.first - 1
    reign = sets.at(reign.first - 1)
  }
}

/** Whether a client that trusts `set` to sign what comes after `at` takes the header of `height`. */
function follows({ sets, signed }: SignedChain, set: VoterSet, at: number, height: number): boolean {
  const header = signed(height)
  if (!header) return false
  if (height === at + 1 || Buffer.compare(sets.at(height)!.set.hash, set.hash) === 0) return true
  const signers = new Set(
    header.commit.signatures.flatMap(({ signature, validatorAddress }) =>
      signature.length > 0 ? [Buffer.from(validatorAddress).toString('hex')] : [],
    ),
  )
  const power = set.validators.reduce(
    (sum, { address, votingPower }) => (signers.has(Buffer.from(address).toString('hex')) ? sum + votingPower : sum),
    0n,
  )
  return 3n * power > set.total
}
