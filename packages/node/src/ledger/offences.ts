import type { UnitHeader, UnitId } from '@zos/dag'
import { encodeEvidence, type Fork, findForks, MAX_CHAIN, type SignedHeader } from '@zos/zpos'
import type { Ledger } from './ledger.ts'

/** Two units of one validator, neither in the other's past (C10), and the proof that the consensus contract takes from anyone. */
export interface LedgerOffence {
  readonly validator: Fork['author']
  /** Of the lower round, or of one round. */
  readonly earlier: UnitId
  readonly later: UnitId
  /** For `submitEvidence`. */
  readonly evidence: Uint8Array
}

/**
 * The validators of the running epoch that signed twice in the rounds `from` to `to`, one offence each, as far as their units are here. Forks that are proved by more
 * than {@link MAX_CHAIN} headers are left out. Cost: an ancestry test a unit.
 */
export function offencesIn(ledger: Ledger, from: number, to: number): LedgerOffence[] {
  return findForks(ledger.dag, ledger.committee, from, to).flatMap(({ author, first, second }) => {
    const [earlier, later] = [signedHeader(ledger, first), signedHeader(ledger, second)]
    const chain = earlier && later && selfParents(ledger, later.header, earlier.header.validator!.round)
    if (!chain) return []
    const evidence = encodeEvidence({ kind: 'units', earlier, later, chain })
    return [{ validator: author, earlier: first, later: second, evidence }]
  })
}

function signedHeader(ledger: Ledger, id: UnitId): SignedHeader | undefined {
  const unit = ledger.unit(id)
  const [author] = unit?.signatures ?? []
  return unit && author && { header: unit.header, publicKey: author.publicKey, signature: author.signature }
}

/** The self-parents of `header`, downward, to the first of a round not above `low`, or to the first after the base of the epoch. */
function selfParents(ledger: Ledger, header: UnitHeader, low: number): UnitHeader[] | undefined {
  const chain: UnitHeader[] = []
  for (let above = header; above.validator!.round > low; above = chain.at(-1)!) {
    const { selfParent } = above.validator!
    if (selfParent === ledger.epoch.base.unit) break
    const below = ledger.header(selfParent)
    if (!below || chain.push(below) > MAX_CHAIN) return undefined
  }
  return chain
}
