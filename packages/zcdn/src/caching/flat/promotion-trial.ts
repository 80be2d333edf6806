import { ENOUGH_RETURNS, FIRST_TRIALS, MOST_TRIALS, OF_TRIALS, TRIAL_SHIFT } from './constants.ts'

/**
 * Whether one hit in the small queue earns a place in the main queue: some that had one are turned out all the same, and counted when they return.
 * Where many do, as under work that uses everything in bursts, waiting for more hits loses them.
 */
export class PromotionTrial {
  /** One hit is enough now. */
  eager = false
  private left = FIRST_TRIALS
  private returned = 0

  /** Whether a key is tried: always the same ones, which costs no counter. */
  isTried(hash: number): boolean {
    return hash >>> TRIAL_SHIFT === 0
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
