/** A schedule without terms and demotion: the leaders of a round come from a function. */
import type { Address, LeaderSchedule } from '../../src/index.ts'

export function fixedSchedule(leadersAt: (round: number) => readonly Address[]): LeaderSchedule {
  return {
    leaderAt: (round) => leadersAt(round)[0],
    leadersAt,
    record: () => undefined,
    term: () => ({ number: 0, firstRound: 1, endedBy: undefined, ranking: [], demoted: [] }),
  }
}
