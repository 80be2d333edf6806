import { NodeError } from '../errors.ts'

/** What file systems say when there is no room: the disk is full, or the user's share of it. */
const FULL = new Set(['ENOSPC', 'EDQUOT'])

/** True for what a store says that was closed before. */
export function isClosedStore(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'LEVEL_DATABASE_NOT_OPEN'
}

/** `error` as the node reports it: a file that could not be written for want of room becomes `NODE_DISK_FULL`, whoever wrote it. */
export function storageFault(error: unknown, dataDir: string | undefined): unknown {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (FULL.has((cause as NodeJS.ErrnoException).code ?? ''))
      return new NodeError(
        'NODE_DISK_FULL',
        `no room is left for ${dataDir ?? 'the node'}: make room and start it again; nothing that was acknowledged is lost`,
        { dataDir },
        { cause: error },
      )
  return error
}
