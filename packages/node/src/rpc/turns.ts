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

/**
 * Makes a promise for the next turn of the event loop, the same for all who ask in this one: what comes in together goes on together. A processor
 * that goes from reading a request to executing it and back for each of them has neither's instructions at hand.
 */
export function createGathering(turn = nextTurn): () => Promise<void> {
  let gathering: Promise<void> | undefined
  return () => {
    gathering ??= turn().then(() => {
      gathering = undefined
    })
    return gathering
  }
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
