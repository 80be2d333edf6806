import type { Network } from '../p2p/network.ts'
import type { Checkpoints } from './checkpoints.ts'

const Kind = { record: 0, share: 1 } as const

/** What {@link Checkpoints.serve} gives, as frames. */
export function* checkpointFrames(checkpoints: Checkpoints, from: number, to: number): Generator<Uint8Array> {
  for (const { kind, bytes } of checkpoints.serve(from, to)) {
    const frame = new Uint8Array(1 + bytes.length)
    frame[0] = Kind[kind]
    frame.set(bytes, 1)
    yield frame
  }
}

/** Asks the peers, one each time and all in turn, for the checkpoints that lack a certificate here. */
export class CheckpointExchange {
  readonly #checkpoints: Checkpoints
  readonly #network: () => Network
  #turn = 0
  #asking = false

  constructor(checkpoints: Checkpoints, network: () => Network) {
    this.#checkpoints = checkpoints
    this.#network = network
  }

  /** Asks one peer, unless nothing is missing or an answer is still coming. True if something was learnt. */
  async ask(): Promise<boolean> {
    const range = this.#checkpoints.missing()
    const peers = this.#network().peers()
    if (!range || this.#asking || peers.length === 0) return false
    this.#asking = true
    let learnt = false
    try {
      const peer = peers[this.#turn++ % peers.length]!
      for await (const frame of this.#network().fetchCheckpoints(peer, range.from, range.to)) {
        const bytes = frame.subarray(1)
        const verdict = await (frame[0] === Kind.record
          ? this.#checkpoints.takeRecord(bytes)
          : this.#checkpoints.takeShare(bytes))
        // An answer with anything wrong in it is not read to its end.
        if (verdict === 'reject') break
        learnt ||= verdict === 'accept'
      }
    } finally {
      this.#asking = false
    }
    return learnt
  }
}
