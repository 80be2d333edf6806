import type { BlockHeader } from './header.ts'

/** What the EVM sees of the block around it. */
export type BlockContext = Pick<
  BlockHeader,
  'number' | 'beneficiary' | 'gasLimit' | 'timestamp' | 'mixHash' | 'baseFeePerGas'
>
