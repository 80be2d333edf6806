/** Handle of one element of F_{p²}. */
export type Slot = number

/** The operations that formulas may use: straight-line, so that the WebAssembly engine can record them. */
export interface Fp2Ops {
  /** Distance between neighbouring slots. */
  readonly stride: number
  /** First of 16 slots that a formula may use freely; never live across a formula. */
  readonly tmp: Slot
  add(r: Slot, a: Slot, b: Slot): void
  sub(r: Slot, a: Slot, b: Slot): void
  mul(r: Slot, a: Slot, b: Slot): void
  sqr(r: Slot, a: Slot): void
  copy(r: Slot, a: Slot): void
}
