import { NodeError } from '../errors.ts'

/** `EPOCH:ID`, as `zos_getCheckpoint` tells them. Errors: `NODE_INVALID_ARGUMENT`. */
export function parseCheckpoint(text: string): { epoch: number; id: `0x${string}` } {
  const [, epoch, id] = /^(\d{1,15}):(0x[0-9a-f]{64})$/.exec(text) ?? []
  if (epoch === undefined)
    throw new NodeError(
      'NODE_INVALID_ARGUMENT',
      `a checkpoint is EPOCH:ID, as zos_getCheckpoint tells them, not ${text}`,
    )
  return { epoch: Number(epoch), id: id as `0x${string}` }
}
