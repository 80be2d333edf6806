import type { Bank } from '@zos/pipeline/bank'
import type { BankStage } from '@zos/pipeline/tpu'

export async function tokenBank(_bank: Bank, _genesis: Uint8Array): Promise<BankStage> {
  throw new Error('not here')
}
