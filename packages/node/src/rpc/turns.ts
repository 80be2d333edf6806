/** A request gives way after this much time: consensus and other requests wait no longer for it. */
export const SLICE_MS = 10

/** What a request that goes through many blocks, or a batch, asks between two of its steps: undefined, or a promise to wait for. */
export type Turns = () => Promise<void> | undefined

/** Lets everything else that waits have its turn after every {@link SLICE_MS}. `now` in milliseconds since some moment. */
export function createTurns(now = () => performance.now(), turn = nextTurn): Turns {
  let resumedAt = now()
  return () => {
    if (now() - resumedAt < SLICE_MS) return undefined
    return turn().then(() => {
      resumedAt = now()
    })
  }
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
