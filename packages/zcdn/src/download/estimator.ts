/** Weight of the newest sample of rate and latency. */
const ALPHA = 0.35
/** A rate sample covers at least this long: shorter ones measure the kernel's buffers. */
const SAMPLE_MS = 150
/** Bytes a millisecond assumed of a source not yet measured: 1 Mbit/s, so that the first request is small. */
const FIRST_GUESS = 125

/** How fast a source answers: bytes a millisecond over the times in which it owed us bytes, and milliseconds to the first byte. */
export class Estimator {
  private rate = 0
  private latency = 0
  private sampleStart = -1
  private sampleBytes = 0

  /** True once one sample of rate is complete. */
  get measured(): boolean {
    return this.rate > 0
  }

  /** The first byte of an answer came `ms` after the request. The least of late is kept: queues at our side are not distance. */
  onFirstByte(ms: number): void {
    this.latency = this.latency === 0 || ms < this.latency ? ms : this.latency + ALPHA * 0.25 * (ms - this.latency)
  }

  onBytes(now: number, bytes: number): void {
    if (this.sampleStart < 0) {
      this.sampleStart = now
      return
    }
    this.sampleBytes += bytes
    const elapsed = now - this.sampleStart
    if (elapsed < SAMPLE_MS) return
    const sample = this.sampleBytes / elapsed
    this.rate = this.rate === 0 ? sample : this.rate + ALPHA * (sample - this.rate)
    this.sampleStart = now
    this.sampleBytes = 0
  }

  /** The source owes us nothing any more: silence from now on says nothing. */
  onIdle(now: number): void {
    if (this.sampleStart >= 0 && this.rate === 0 && now > this.sampleStart) {
      this.rate = this.sampleBytes / Math.max(1, now - this.sampleStart)
    }
    this.sampleStart = -1
    this.sampleBytes = 0
  }

  /** Bytes a millisecond to expect. A source that fell silent within a sample is already counted as slower. */
  rateAt(now: number): number {
    const rate = this.rate || FIRST_GUESS
    if (this.sampleStart < 0) return rate
    const elapsed = now - this.sampleStart
    return elapsed < 2 * SAMPLE_MS ? rate : Math.min(rate, (this.sampleBytes + rate * SAMPLE_MS) / elapsed)
  }

  latencyMs(): number {
    return this.latency
  }
}
