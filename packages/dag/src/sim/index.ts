export {
  heavyTailLatency,
  type Latency,
  linkLatency,
  type NetworkOptions,
  type Partition,
  SimNetwork,
  uniformLatency,
} from './network.ts'
export { createSimRandom, type SimRandom } from './random.ts'
export { type SimEvent, SimScheduler } from './scheduler.ts'
export { shrinkUnits } from './shrink.ts'
export { type SimulationOptions, type SimulationResult, simulate } from './simulate.ts'
export { equivocator, honest, minimal, type SimNode, type Strategy, selective, silent, withholder } from './strategy.ts'
