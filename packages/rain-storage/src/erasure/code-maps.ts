import type { PlaneRunner } from './plane-runner.ts'

/** The maps of a construction, ready to run. */
export interface CodeMaps {
  /** data → parity */
  readonly encode: PlaneRunner
  /** the shards at `used` → those at `wanted` */
  recover(used: readonly number[], wanted: readonly number[]): PlaneRunner
  /** data shard `index` alone → what it adds to each parity shard */
  contribution(index: number): PlaneRunner
}
