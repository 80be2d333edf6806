import { CdnError } from '../errors.ts'

/** Options of {@link SourceBandit}. */
export interface BanditOptions {
  /** Numbers in a context; the work of an update grows with their cube. */
  features: number
  /** What an arm keeps of the past at each answer of its own: 0.7 looks back about three answers. */
  discount?: number
  /** What an arm keeps for each answer of any arm: who is not asked is slowly forgotten, and then tried again. */
  fade?: number
  /** How wide the confidence bound is: larger explores more. */
  exploration?: number
}

interface Arm {
  /** Discounted Gram matrix without the ridge, row by row. */
  gram: Float64Array
  /** Discounted sum of reward times context. */
  response: Float64Array
  inverse: Float64Array
  weights: Float64Array
  uses: number
  /** The bandit's count of answers when `gram` was last decayed. */
  seenAt: number
}

/** What an arm is expected to give for a context, and how uncertain that is. */
export interface Estimate {
  mean: number
  bonus: number
  uses: number
}

/** An estimate is computed anew when an arm was not asked for this many answers of others. */
const REFRESH = 64
const RIDGE = 0.5

/**
 * Discounted LinUCB (Li et al., WWW 2010; Russac et al., NeurIPS 2019): for each arm a ridge regression from context to reward that forgets, with
 * its own answers (to follow a source that changes) and with those of others (to return to one that was bad once). Without answers the mean is 0:
 * make the reward a difference to a fair guess.
 */
export class SourceBandit {
  private readonly arms = new Map<string, Arm>()
  private readonly features: number
  private readonly discount: number
  private readonly fade: number
  private readonly exploration: number
  private answers = 0

  constructor(options: BanditOptions) {
    const { features, discount = 0.7, fade = 0.999, exploration = 0.1 } = options
    if (!(features >= 1) || !(discount > 0 && discount <= 1) || !(fade > 0 && fade <= 1)) {
      throw new CdnError('CDN_INVALID_ARGUMENT', 'features must be at least 1, discount and fade in (0, 1]', {
        ...options,
      })
    }
    this.features = features
    this.discount = discount
    this.fade = fade
    this.exploration = exploration
  }

  /** What to expect of an arm. O(features²). */
  estimate(id: string, context: ArrayLike<number>): Estimate {
    const arm = this.freshArm(id)
    const mean = arm ? this.meanOf(arm, context) : 0
    return { mean, bonus: this.bonusOf(arm, context), uses: arm?.uses ?? 0 }
  }

  /** `mean + bonus` of {@link estimate}, without an object for it. O(features²). */
  upperBound(id: string, context: ArrayLike<number>): number {
    const arm = this.freshArm(id)
    return (arm ? this.meanOf(arm, context) : 0) + this.bonusOf(arm, context)
  }

  private freshArm(id: string): Arm | undefined {
    const arm = this.arms.get(id)
    if (arm && this.answers - arm.seenAt > REFRESH) {
      this.decay(arm, 1)
      this.solve(arm)
    }
    return arm
  }

  private meanOf(arm: Arm, context: ArrayLike<number>): number {
    let mean = 0
    for (let i = 0; i < this.features; i++) mean += arm.weights[i]! * context[i]!
    return mean
  }

  /** exploration · √(contextᵀ · inverse · context). */
  private bonusOf(arm: Arm | undefined, context: ArrayLike<number>): number {
    const { features } = this
    let width = 0
    for (let i = 0; i < features; i++) {
      if (!arm) {
        width += context[i]! ** 2 / RIDGE
        continue
      }
      let sum = 0
      for (let j = 0; j < features; j++) sum += arm.inverse[i * features + j]! * context[j]!
      width += context[i]! * sum
    }
    return this.exploration * Math.sqrt(Math.max(0, width))
  }

  /** An arm gave `reward` in `context`. O(features³). */
  update(id: string, context: ArrayLike<number>, reward: number): void {
    const { features } = this
    const square = features * features
    let arm = this.arms.get(id)
    if (!arm) {
      arm = {
        gram: new Float64Array(square),
        response: new Float64Array(features),
        inverse: new Float64Array(square),
        weights: new Float64Array(features),
        uses: 0,
        seenAt: this.answers,
      }
      this.arms.set(id, arm)
    }
    this.answers++
    this.decay(arm, this.discount)
    arm.uses++
    for (let i = 0; i < features; i++) {
      arm.response[i] = arm.response[i]! + reward * context[i]!
      for (let j = 0; j < features; j++) {
        const at = i * features + j
        arm.gram[at] = arm.gram[at]! + context[i]! * context[j]!
      }
    }
    this.solve(arm)
  }

  private decay(arm: Arm, factor: number): void {
    const keep = factor * this.fade ** (this.answers - arm.seenAt)
    arm.seenAt = this.answers
    for (let i = 0; i < arm.gram.length; i++) arm.gram[i] = arm.gram[i]! * keep
    for (let i = 0; i < arm.response.length; i++) arm.response[i] = arm.response[i]! * keep
  }

  /** inverse = (gram + ridge)⁻¹ by Gauss–Jordan (positive definite: no pivoting), weights = inverse · response. */
  private solve(arm: Arm): void {
    const { features } = this
    const { gram, inverse, response, weights } = arm
    inverse.set(gram)
    for (let i = 0; i < features; i++) inverse[i * features + i] = inverse[i * features + i]! + RIDGE
    for (let k = 0; k < features; k++) {
      const pivot = 1 / inverse[k * features + k]!
      for (let i = 0; i < features; i++) {
        if (i === k) continue
        const factor = inverse[i * features + k]! * pivot
        for (let j = 0; j < features; j++) {
          if (j === k) continue
          inverse[i * features + j] = inverse[i * features + j]! - factor * inverse[k * features + j]!
        }
        inverse[i * features + k] = -factor
      }
      for (let j = 0; j < features; j++) {
        if (j !== k) inverse[k * features + j] = inverse[k * features + j]! * pivot
      }
      inverse[k * features + k] = pivot
    }
    for (let i = 0; i < features; i++) {
      let sum = 0
      for (let j = 0; j < features; j++) sum += inverse[i * features + j]! * response[j]!
      weights[i] = sum
    }
  }
}
