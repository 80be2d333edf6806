import { SourceBandit } from './bandit.ts'

/** A source that may answer a request, and what is known of it without asking. */
export interface Candidate {
  id: string
  /** Round trip by ping or handshake. */
  rttMs: number
  /** Requests that we have open with it. */
  openRequests: number
  /** Load that it told of itself, 0 … 1. */
  load?: number
}

/** A decision, and why. */
export interface Choice {
  id: string
  /** `learned`: by the bandit; `least-rtt`: too little is known yet. */
  by: 'learned' | 'least-rtt'
  /** Milliseconds expected. */
  expectedMs: number
  /** One line for people. */
  why: string
  context: Float64Array
  /** What was guessed before any answer. */
  guessMs: number
}

/** Options of {@link SourceScheduler}. */
export interface SourceSchedulerOptions {
  /** Answers of a source before it is judged by them. */
  minimumAnswers?: number
  /** Numbers in [0, 1) for exploration; give a seeded one in simulations. */
  random: () => number
  /** Share of requests that try a source at random among the near ones. */
  explore?: number
}

const FEATURES = 3
/** Without answers a source is guessed to need its round trip and this for its work. */
const GUESSED_WORK_MS = 50
/** A source is tried at random only when its round trip is within this factor of the least. */
const NEAR = 3

/**
 * Chooses which source answers a request: a contextual bandit over open requests and told load predicts how the time of the answer differs from a
 * guess by round trip, and forgets, so that slow-downs are followed. Where too little is known, it is plain least round trip; every choice says why.
 */
export class SourceScheduler {
  private readonly bandit = new SourceBandit({ features: FEATURES })
  private readonly minimumAnswers: number
  private readonly random: () => number
  private readonly explore: number
  /** The context of the candidate that is looked at: with an array and an object for each a choice took twice as long. */
  private readonly scratch = new Float64Array(FEATURES)

  constructor(options: SourceSchedulerOptions) {
    this.minimumAnswers = options.minimumAnswers ?? 2
    this.random = options.random
    this.explore = options.explore ?? 0.002
  }

  /** The best of the candidates; there must be one. O(candidates), nothing is sorted and one reason is written. */
  choose(candidates: readonly Candidate[]): Choice {
    if (this.random() < this.explore) return this.explain(this.score(this.anyNear(candidates)))
    let best = candidates[0]!
    let bestScore = Number.NEGATIVE_INFINITY
    for (const candidate of candidates) {
      writeContext(this.scratch, candidate)
      const score = this.bandit.upperBound(candidate.id, this.scratch) - guessOf(candidate)
      if (score <= bestScore) continue
      bestScore = score
      best = candidate
    }
    return this.explain(this.score(best))
  }

  /** All candidates, best first: who to download from at once. */
  rank(candidates: readonly Candidate[]): Choice[] {
    const scored = candidates.map((candidate) => this.score(candidate))
    return scored.sort((a, b) => b.score - a.score).map((each) => this.explain(each))
  }

  private score(candidate: Candidate): Scored {
    const context = writeContext(new Float64Array(FEATURES), candidate)
    const { mean, bonus, uses } = this.bandit.estimate(candidate.id, context)
    const guess = guessOf(candidate)
    return { candidate, context, uses, guess, mean, score: mean + bonus - guess }
  }

  private anyNear(candidates: readonly Candidate[]): Candidate {
    const leastRtt = candidates.reduce((least, { rttMs }) => Math.min(least, rttMs), Number.POSITIVE_INFINITY)
    const near = candidates.filter(({ rttMs }) => rttMs <= NEAR * leastRtt)
    return near[Math.floor(this.random() * near.length)]!
  }

  private explain({ candidate, context, uses, guess, mean }: Scored): Choice {
    const { id, rttMs, openRequests } = candidate
    const known = uses >= this.minimumAnswers
    const expectedMs = Math.exp(guess - mean)
    return {
      id,
      by: known ? 'learned' : 'least-rtt',
      expectedMs,
      context,
      guessMs: rttMs + GUESSED_WORK_MS,
      why: known
        ? `${Math.round(expectedMs)} ms expected from ${uses} answers, ${openRequests} open, round trip ${Math.round(rttMs)} ms`
        : `only ${uses} answers so far; by round trip ${Math.round(rttMs)} ms`,
    }
  }

  /** The answer to a choice took `ms`; a failure counts as the time that it cost and more. */
  learn(choice: Choice, ms: number): void {
    this.bandit.update(choice.id, choice.context, Math.log(choice.guessMs) - Math.log(Math.max(ms, 0.1)))
  }
}

interface Scored {
  candidate: Candidate
  context: Float64Array
  uses: number
  guess: number
  mean: number
  score: number
}

/** Logarithm of the milliseconds guessed without any answer. */
const guessOf = ({ rttMs }: Candidate): number => Math.log(rttMs + GUESSED_WORK_MS)

function writeContext(context: Float64Array, { openRequests, load = 0 }: Candidate): Float64Array {
  context[0] = 1
  context[1] = Math.log1p(openRequests)
  context[2] = load
  return context
}
