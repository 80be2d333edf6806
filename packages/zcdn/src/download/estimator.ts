/** Weight of the newest sample of rate and latency. */
const ALPHA = 0.35
/** A rate sample covers at least this long: shorter ones measure the kernel's buffers. */
const SAMPLE_MS = 150
/** The first estimate comes sooner, from this many bytes; requests grow from it step by step (see plan.ts). */
const FIRST_SAMPLE_BYTES = 32 * 1024
/** … or after this time, from a source too slow to send as many. */
const FIRST_SAMPLE_MS = 4 * SAMPLE_MS
/** Bytes a millisecond assumed of a source not yet measured: 1 Mbit/s, so that the first request is small. */
const FIRST_GUESS = 125

/**
 * How fast a source answers: bytes a millisecond while it sends, and milliseconds to the first byte. Waiting for a first byte is latency, not
 * a lower rate, so that time is not counted.
 */
export class Estimator {
  private rate = 0
  private latency = 0
  private lastAt = -1
  private sampleMs = 0
  private sampleBytes = 0
  /** Until there is a sample: what came in how long a time in which something was owed. */
  private owedSince = -1
  private owedMs = 0
  private received = 0

  /** The source was asked for something. */
  onAsk(now: number): void {
    if (this.owedSince < 0) this.owedSince = now
  }

  /** The first byte of an answer came `ms` after the request. The least of late is kept: queues at our side are not distance. */
  onFirstByte(ms: number): void {
    this.latency = this.latency === 0 || ms < this.latency ? ms : this.latency + ALPHA * 0.25 * (ms - this.latency)
  }

  /** `first`: these bytes open an answer; when they were sent is not known. */
  onBytes(now: number, bytes: number, first: boolean): void {
    if (!first && this.lastAt >= 0) {
      this.sampleMs += now - this.lastAt
      this.sampleBytes += bytes
      const enough =
        this.rate === 0
          ? this.sampleBytes >= FIRST_SAMPLE_BYTES || this.sampleMs >= FIRST_SAMPLE_MS
          : this.sampleMs >= SAMPLE_MS
      if (enough && this.sampleMs > 0) {
        const sample = this.sampleBytes / this.sampleMs
        // A sample over a longer time counts for as many as would have fitted into it.
        const weight = this.rate === 0 ? 1 : 1 - (1 - ALPHA) ** (this.sampleMs / SAMPLE_MS)
        this.rate += weight * (sample - this.rate)
        this.sampleMs = 0
        this.sampleBytes = 0
      }
    }
    this.received += bytes
    this.lastAt = now
  }

  /** The source owes us nothing any more: silence from now on says nothing. That until now stays: it was not waited for any longer. */
  onIdle(now: number): void {
    if (this.rate > 0) this.rate = Math.min(this.rate, this.rateAt(now))
    this.lastAt = -1
    if (this.owedSince >= 0) this.owedMs += now - this.owedSince
    this.owedSince = -1
  }

  /** Bytes a millisecond to expect. A source that has been silent within an answer already counts as slower. */
  rateAt(now: number): number {
    if (this.rate === 0) {
      const owedMs = this.owedMs + (this.owedSince < 0 ? 0 : now - this.owedSince)
      if (owedMs > FIRST_SAMPLE_MS) return Math.min(FIRST_GUESS, Math.max(1, this.received) / owedMs)
    }
    const rate = this.rate || FIRST_GUESS
    const silence = this.lastAt < 0 ? 0 : now - this.lastAt - this.latency
    return silence <= SAMPLE_MS ? rate : (rate * SAMPLE_MS) / silence
  }

  /** Since the last byte, while it owes us something. */
  silenceMs(now: number): number {
    return this.lastAt < 0 ? 0 : now - this.lastAt
  }

  latencyMs(): number {
    return this.latency
  }

  /** True once there is a sample of rate. */
  get measured(): boolean {
    return this.rate > 0
  }
}
