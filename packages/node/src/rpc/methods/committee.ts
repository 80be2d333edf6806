import type { RpcContext, RpcMethod } from '../context.ts'

/** Rounds and blocks over which a validator's part is counted. */
const ROUNDS = 64
const BLOCKS = 128
/** Leader slots ahead that are told; demotions can still change them. */
const SLOTS_AHEAD = 8

/** The committee of the epoch: stake, units of the last rounds, leaders of the last blocks. Stakes are decimal wei. */
export const committeeMethods: Record<string, RpcMethod> = {
  zos_committee: (_, context) => {
    const { epoch, baseRound, quorum, members } = context.committee()
    const { round: highest } = context.status() as { round: number }
    const from = Math.max(baseRound + 1, highest - ROUNDS + 1)
    const seen = unitsByAuthor(context, from, highest)
    const led = blocksByLeader(context)
    return {
      epoch,
      baseRound,
      quorum: quorum.toString(),
      rounds: { from, to: highest },
      blocks: led.blocks,
      validators: members.map(({ address, stake }) => ({
        address,
        stake: stake.toString(),
        units: seen.get(address)?.units ?? 0,
        lastRound: seen.get(address)?.lastRound ?? null,
        led: led.counts.get(address) ?? 0,
      })),
      slots: slotsAhead(context, highest),
    }
  },
}

function unitsByAuthor(context: RpcContext, from: number, to: number) {
  const seen = new Map<string, { units: number; lastRound: number }>()
  for (let round = from; round <= to; round++) {
    for (const id of context.roundUnits(round)) {
      const author = context.unit(id)!.author
      seen.set(author, { units: (seen.get(author)?.units ?? 0) + 1, lastRound: round })
    }
  }
  return seen
}

function blocksByLeader({ chain }: RpcContext) {
  const counts = new Map<string, number>()
  const head = chain.head!.header.number
  const first = Math.max(1, head - BLOCKS + 1)
  for (let number = first; number <= head; number++) {
    const leader = chain.block(number)?.header.beneficiary
    if (leader) counts.set(leader, (counts.get(leader) ?? 0) + 1)
  }
  return { counts, blocks: { from: first, to: head } }
}

function slotsAhead(context: RpcContext, highest: number) {
  const { committer } = context.committee()
  const slots: { round: number; leader: string }[] = []
  for (let round = highest + 1; slots.length < SLOTS_AHEAD && round < highest + 4 * SLOTS_AHEAD; round++) {
    const leader = committer.leaderAt(round)
    if (leader !== undefined) slots.push({ round, leader })
  }
  return slots
}
