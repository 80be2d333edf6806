import { ENOUGH_RETURNS, FIRST_TRIALS, LEAVES_PER_TRIAL, MOST_TRIALS, OF_TRIALS } from './constants.ts'

/**
 * Whether one hit in the small queue earns a place in the main queue: some that had one are turned out all the same, and counted when they return.
 * Where many do, as under work that uses everything in bursts, waiting for more hits loses them.
 */
export class PromotionTrial {
  /** One hit is enough now. */
  eager = false
  private leaves = 0
  private left = FIRST_TRIALS
  private returned = 0

  /** Whether the next that leaves with a hit is to be tried. */
  isNext(): boolean {
    this.leaves = (this.leaves + 1) % LEAVES_PER_TRIAL
    return this.leaves === 0
  }

  turnedOut(): void {
    this.left++
    this.decide()
  }

  cameBack(): void {
    this.returned++
    this.decide()
  }

  private decide(): void {
    if (this.left >= MOST_TRIALS) {
      this.left >>= 1
      this.returned >>= 1
    }
    this.eager = this.returned * OF_TRIALS >= this.left * ENOUGH_RETURNS
  }
}
