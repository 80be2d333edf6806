// Whether one hit in the small queue earns a place in the main queue, see src/caching/flat/promotion-trial.ts.
import { ENOUGH_RETURNS, LEAVES_PER_TRIAL, MOST_TRIALS, OF_TRIALS } from '../../src/caching/flat/constants'
import { Book } from './book'

/** Whether the next that leaves the small queue with a hit is to be turned out, to see whether it returns. */
// @ts-ignore: decorator
@inline
export function isTrialNext(book: Book): bool {
  book.leaves = (book.leaves + 1) % LEAVES_PER_TRIAL
  return book.leaves === 0
}

export function trialTurnedOut(book: Book): void {
  book.trialsLeft++
  decide(book)
}

export function trialCameBack(book: Book): void {
  book.trialsReturned++
  decide(book)
}

function decide(book: Book): void {
  if (book.trialsLeft >= MOST_TRIALS) {
    book.trialsLeft >>= 1
    book.trialsReturned >>= 1
  }
  book.eager = i32(book.trialsReturned * OF_TRIALS >= book.trialsLeft * ENOUGH_RETURNS)
}
