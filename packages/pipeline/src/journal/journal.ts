/**
 * An append-only log of records with group commit: whatever is waiting when the disk is free goes out in one write and one sync.
 * An append resolves when its record survives a loss of power, never before. Opening recovers to the last whole record.
 */
import { PipelineError } from '../errors.ts'
import {
  encodeGroup,
  encodeHeader,
  groupBytes,
  MAX_RECORD_BYTES,
  SEGMENT_HEADER_BYTES,
  scanSegment,
} from './segment.ts'
import type { JournalFile, JournalStorage } from './storage.ts'

/** Sizes that trade latency, memory and the time of recovery. What is on disk can be opened with any. */
export interface JournalOptions {
  /** Bytes past which a new segment begins. Default 64 MiB: a segment is read whole at recovery. */
  readonly segmentBytes?: number
  /** Most bytes written before a sync. Default 8 MiB: bounds the wait of the first record of a group. */
  readonly groupBytes?: number
}

/** A record as `replay` reads it back. */
export interface JournalRecord {
  /** Counted from 0 over the life of the journal. */
  readonly number: bigint
  readonly payload: Uint8Array
}

/** Counters of an open journal; groups, bytes and what was cut are those since it was opened. */
export interface JournalStats {
  /** Records over the life of the journal: the number that the next one gets. */
  readonly records: bigint
  /** Writes, each followed by one sync; records a group is what group commit saves. */
  readonly groups: number
  /** Bytes written, headers and checksums included. */
  readonly bytes: number
  /** Segments that exist now. */
  readonly segments: number
  /** Bytes cut off at opening: a torn tail that nobody was told is durable. */
  readonly cutBytes: number
}

interface Waiting {
  readonly payloads: readonly Uint8Array[]
  readonly resolve: (last: bigint) => void
  readonly reject: (error: unknown) => void
}

/**
 * A durable, append-only log of byte strings in segments of a {@link JournalStorage}. One owner at a time; made by
 * {@link Journal.open}. A failed write or sync ends it with `PIPELINE_JOURNAL_FAILED`: only reopening tells what is
 * durable.
 */
export class Journal {
  readonly #storage: JournalStorage
  readonly #segmentBytes: number
  readonly #groupBytes: number
  /** First record of each segment, ascending; the last one is open. */
  #segments: { name: string; first: bigint }[]
  #file: JournalFile
  #size: number
  #next: bigint
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined
  #failure: PipelineError | undefined
  #closed = false
  #groups = 0
  #bytes = 0
  readonly #cutBytes: number

  private constructor(
    storage: JournalStorage,
    options: JournalOptions,
    state: {
      segments: { name: string; first: bigint }[]
      file: JournalFile
      size: number
      next: bigint
      cutBytes: number
    },
  ) {
    this.#storage = storage
    this.#segmentBytes = options.segmentBytes ?? 64 * 1024 * 1024
    this.#groupBytes = options.groupBytes ?? 8 * 1024 * 1024
    this.#segments = state.segments
    this.#file = state.file
    this.#size = state.size
    this.#next = state.next
    this.#cutBytes = state.cutBytes
  }

  /**
   * Opens or begins a journal. A torn tail is cut off. Throws `PIPELINE_JOURNAL_CORRUPT` when records that were durable are damaged
   * or missing: that is for an operator (restore, or remove the segment knowingly), not for a program, to decide.
   */
  static async open(storage: JournalStorage, options: JournalOptions = {}): Promise<Journal> {
    const names = (await storage.list()).filter((name) => NAME.test(name)).sort()
    const segments: { name: string; first: bigint }[] = []
    let next: bigint | undefined
    let cutBytes = 0
    let file: JournalFile | undefined
    let size = 0
    for (const [i, name] of names.entries()) {
      const bytes = await storage.read(name)
      const scan = scanSegment(bytes)
      const last = i === names.length - 1
      const first = firstOf(name)
      const corrupt = (problem: string) =>
        new PipelineError('PIPELINE_JOURNAL_CORRUPT', `${name}: ${problem}`, {
          segment: name,
          offset: scan.end,
          record: first + BigInt(scan.payloads.length),
        })
      if (next !== undefined && first !== next) throw corrupt(`begins with record ${first}, expected ${next}`)
      if (scan.first === undefined) {
        // The header of a new segment may be torn: it is synced before the first record is acknowledged.
        if (!last || scan.synced > first) throw corrupt('damaged header')
      } else if (scan.first !== first) throw corrupt(`its header says record ${scan.first}`)
      const end = first + BigInt(scan.payloads.length)
      if (scan.end < bytes.length && !last) throw corrupt(`damaged at byte ${scan.end}, and later segments exist`)
      if (scan.synced > end)
        throw corrupt(`damaged at byte ${scan.end}: records up to ${scan.synced} were durable, only ${end} are whole`)
      next = end
      segments.push({ name, first })
      if (!last) continue
      cutBytes = bytes.length - scan.end
      file = await storage.reopen(name, scan.end)
      size = scan.end
      if (scan.first === undefined) {
        await file.write(encodeHeader(first))
        await file.sync()
        size = SEGMENT_HEADER_BYTES
      }
    }
    if (!file) {
      const name = nameOf(0n)
      file = await begin(storage, 0n)
      segments.push({ name, first: 0n })
      size = SEGMENT_HEADER_BYTES
    }
    return new Journal(storage, options, { segments, file, size, next: next ?? 0n, cutBytes })
  }

  /** The number that the next record will get, those waiting to be written not counted. */
  get next(): bigint {
    return this.#next
  }

  /**
   * Resolves with the record's number once it is durable. Rejects with `PIPELINE_JOURNAL_FAILED`, `PIPELINE_CLOSED`, or
   * `PIPELINE_INVALID_ARGUMENT` for a record that is too large.
   */
  append(payload: Uint8Array): Promise<bigint> {
    return this.appendMany([payload])
  }

  /** Resolves with the last record's number once all are durable; they are consecutive. The payloads must not change until then. */
  appendMany(payloads: readonly Uint8Array[]): Promise<bigint> {
    if (this.#failure) return Promise.reject(this.#failure)
    if (this.#closed) return Promise.reject(new PipelineError('PIPELINE_CLOSED', 'the journal is closed', {}))
    if (payloads.length === 0)
      return Promise.reject(new PipelineError('PIPELINE_INVALID_ARGUMENT', 'no records to append', {}))
    for (const payload of payloads)
      if (payload.length > MAX_RECORD_BYTES)
        return Promise.reject(
          new PipelineError(
            'PIPELINE_INVALID_ARGUMENT',
            `a record of ${payload.length} bytes; at most ${MAX_RECORD_BYTES} fit`,
            { bytes: payload.length },
          ),
        )
    return new Promise((resolve, reject) => {
      this.#waiting.push({ payloads, resolve, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  /** Every record from number `from`, in order, as it stands on disk. Only what was durable when this began is sure to be seen. */
  async *replay(from = 0n): AsyncGenerator<JournalRecord, void, undefined> {
    const segments = [...this.#segments]
    for (const [i, { name, first }] of segments.entries()) {
      const after = segments[i + 1]?.first
      if (after !== undefined && after <= from) continue
      const { payloads } = scanSegment(await this.#storage.read(name))
      for (const [k, payload] of payloads.entries()) {
        const number = first + BigInt(k)
        if (number >= from) yield { number, payload }
      }
    }
  }

  /** Removes segments whose records are all below `number`. */
  async dropBefore(number: bigint): Promise<void> {
    while (this.#segments.length > 1 && this.#segments[1]!.first <= number) {
      const { name } = this.#segments.shift()!
      await this.#storage.remove(name)
    }
  }

  /** Counters, for metrics. */
  stats(): JournalStats {
    return {
      records: this.#next,
      groups: this.#groups,
      bytes: this.#bytes,
      segments: this.#segments.length,
      cutBytes: this.#cutBytes,
    }
  }

  /** Waits for what was appended, then releases the file. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#writing
    await this.#file.close()
  }

  async #writeAll(): Promise<void> {
    // One turn of the microtask queue, so that appends made together share a group.
    await undefined
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup()
      const payloads = group.length === 1 ? group[0]!.payloads : group.flatMap((one) => [...one.payloads])
      try {
        if (this.#size > this.#segmentBytes) await this.#rotate()
        // All earlier groups are synced by now, so the mark may say so.
        const bytes = encodeGroup(payloads, this.#next, this.#next)
        await this.#file.write(bytes)
        await this.#file.sync()
        this.#size += bytes.length
        this.#bytes += bytes.length
        this.#groups++
      } catch (error) {
        // After a failed sync nobody knows what is on disk; only reopening, which reads it, can tell.
        this.#failure = new PipelineError(
          'PIPELINE_JOURNAL_FAILED',
          'writing failed; reopen the journal to learn what is durable',
          {},
          { cause: error },
        )
        for (const one of [...group, ...this.#waiting.splice(0)]) one.reject(this.#failure)
        break
      }
      for (const one of group) {
        this.#next += BigInt(one.payloads.length)
        one.resolve(this.#next - 1n)
      }
    }
    // In the same turn as the last look at the queue: an append made from now on starts a new loop.
    this.#writing = undefined
  }

  #takeGroup(): Waiting[] {
    let size = 0
    let count = 0
    for (const { payloads } of this.#waiting) {
      size += groupBytes(payloads)
      if (count > 0 && size > this.#groupBytes) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #rotate(): Promise<void> {
    const file = await begin(this.#storage, this.#next)
    await this.#file.close()
    this.#file = file
    this.#segments.push({ name: nameOf(this.#next), first: this.#next })
    this.#size = SEGMENT_HEADER_BYTES
  }
}

async function begin(storage: JournalStorage, first: bigint): Promise<JournalFile> {
  const file = await storage.create(nameOf(first))
  await file.write(encodeHeader(first))
  await file.sync()
  return file
}

const NAME = /^[0-9]{20}\.zosj$/

function nameOf(first: bigint): string {
  return `${first.toString().padStart(20, '0')}.zosj`
}

function firstOf(name: string): bigint {
  return BigInt(name.slice(0, 20))
}
