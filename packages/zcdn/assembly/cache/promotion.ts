// Whether one hit in the small queue earns a place in the main queue, see src/caching/flat/promotion-trial.ts.
import { ENOUGH_RETURNS, MOST_TRIALS, OF_TRIALS, PROMOTE_AT, TRIAL_SHIFT, TRIED } from '../../src/caching/flat/constants'
import { Book } from './book'

/** TRIED when a key that leaves the small queue with `mark` hits is turned out to see whether it returns, else 0. No branches: hits are chance. */
// @ts-ignore: decorator
@inline
export function trialOf(hash: i32, mark: i32): i32 {
  return -(((0 - mark) >>> 31) & i32(hash >>> TRIAL_SHIFT === 0)) & TRIED
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
  book.promoteAt = book.trialsReturned * OF_TRIALS >= book.trialsLeft * ENOUGH_RETURNS ? 1 : PROMOTE_AT
}
