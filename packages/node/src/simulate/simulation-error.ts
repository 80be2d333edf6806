/** Codes of execution-apis for what `eth_simulateV1` does not run. */
export const SimulationCode = {
  nonceTooLow: -38010,
  nonceTooHigh: -38011,
  feeTooLow: -38012,
  intrinsicGas: -38013,
  insufficientFunds: -38014,
  blockGasLimit: -38015,
  blockNumber: -38020,
  blockTimestamp: -38021,
  selfMove: -38022,
  addressTaken: -38023,
  limit: -38026,
  rejected: -32000,
  internal: -32603,
} as const

/** The whole simulation ends: a block or a call of it cannot be. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}
