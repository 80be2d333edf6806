/** Skipping verification over many heights, and the check against witnesses: how a relayer or a light node catches up. */
import { type CancelSignal, throwIfAborted } from '../../cancel.ts'
import { equal, toHex } from '../../encoding/bytes.ts'
import { HubError } from '../../errors.ts'
import type { Validator } from './messages.ts'
import { headerHash, type LightBlock, type TrustedState, type TrustOptions, verifyHeader } from './verify.ts'

/** A node that serves light blocks. */
export interface LightBlockSource {
  /** The block at `height` with its validator set and the next one. */
  lightBlock(height: bigint): Promise<LightBlock & { readonly nextValidators: readonly Validator[] }>
}

const trustedFrom = (block: LightBlock & { nextValidators: readonly Validator[] }): TrustedState => ({
  height: block.signedHeader.header.height,
  time: block.signedHeader.header.time,
  nextValidatorsHash: block.signedHeader.header.nextValidatorsHash,
  nextValidators: block.nextValidators,
})

/**
 * The blocks that lead from `trusted` to `target`, each verified against the one before: the fewest that halving finds.
 * Throws `HUB_CLIENT_UPDATE` where a block is invalid, where halving comes to its end, and where a witness has another header.
 */
export async function bisect(
  trusted: TrustedState,
  target: bigint,
  primary: LightBlockSource,
  options: TrustOptions & { readonly witnesses?: readonly LightBlockSource[]; readonly signal?: CancelSignal },
): Promise<{ readonly blocks: readonly LightBlock[]; readonly steps: number }> {
  const blocks: LightBlock[] = []
  let steps = 0
  let state = trusted
  const pending = [target]
  while (pending.length > 0) {
    throwIfAborted(options.signal, 'bisection')
    const height = pending.at(-1)!
    const block = await primary.lightBlock(height)
    steps++
    const verdict = verifyHeader(state, block, options)
    if (verdict.status === 'valid') {
      blocks.push(block)
      state = trustedFrom(block)
      pending.pop()
    } else if (verdict.status === 'not-enough-trust') {
      const middle = (state.height + height) / 2n
      if (middle <= state.height) throw new HubError('HUB_CLIENT_UPDATE', verdict.reason, { height })
      pending.push(middle)
    } else throw new HubError('HUB_CLIENT_UPDATE', verdict.reason, { height })
  }
  const last = blocks.at(-1)
  if (last) {
    const hash = options.format?.headerHash ?? headerHash
    const expected = hash(last.signedHeader.header)
    for (const witness of options.witnesses ?? []) {
      const other = hash((await witness.lightBlock(target)).signedHeader.header)
      if (!equal(expected, other)) {
        throw new HubError('HUB_CLIENT_UPDATE', 'a witness has another header at the target: a fork or an attack', {
          height: target,
          primary: toHex(expected),
          witness: toHex(other),
        })
      }
    }
  }
  return { blocks, steps }
}
