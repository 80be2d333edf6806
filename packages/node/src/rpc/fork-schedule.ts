import type { AddressHex } from '../state/account.ts'

/** The fork that a chain is at. */
export interface ForkSchedule {
  /** Blocks and times of all forks after the genesis, in order (EIP-2124). */
  activations: readonly number[]
  activationTime: number
  blobSchedule: { target: number; max: number; baseFeeUpdateFraction: number }
  systemContracts: Readonly<Record<string, AddressHex>>
}
