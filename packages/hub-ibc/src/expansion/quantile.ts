/**
 * A quantile of a stream in constant memory, whatever the stream does: the estimate goes up when a value lies above it and down when one does not, in
 * steps that balance at the wanted share (Gibbs and Candès, "Adaptive conformal inference under distribution shift", 2021; Angelopoulos, Candès and
 * Tibshirani, "Conformal PID control for time series prediction", 2023). With a fixed step η and values in [-B, B], the share of values above
 * the estimate differs from the wanted one by at most (2B + η) / (η T) after T of them, for every stream.
 */

/** The estimate and what it adapts its step by. */
export interface QuantileState {
  value: number
  /** Discounted mean of |value seen|: the step is a share of it. */
  scale: number
  count: number
}

/** Of the scale. Larger follows faster and is less steady. */
const GAIN = 0.1
/** Values that the scale remembers. */
const MEMORY = 200

/** A state that has seen nothing. */
export const createQuantile = (): QuantileState => ({ value: 0, scale: 0, count: 0 })

/** Moves an estimate of the `level` quantile by one value, in steps of `step`. */
export function trackQuantile(estimate: number, level: number, value: number, step: number): number {
  return estimate + step * ((value > estimate ? 1 : 0) - (1 - level))
}

/**
 * Takes one value into an estimate of the `level` quantile. Until there are as many as one is expected to lie beyond, it is the extreme
 * of those seen.
 */
export function updateQuantile(state: QuantileState, level: number, value: number): void {
  const extreme = level >= 0.5 ? Math.max : Math.min
  state.count++
  state.scale += (Math.abs(value) - state.scale) / Math.min(state.count, MEMORY)
  if (state.count === 1) state.value = value
  else if (state.count <= 1 / Math.min(level, 1 - level)) state.value = extreme(state.value, value)
  else state.value = trackQuantile(state.value, level, value, GAIN * state.scale)
}
