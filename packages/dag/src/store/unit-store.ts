/**
 * The durable ledger: units in the order of their arrival, and the leaders in the order of their commits. Everything else can be
 * computed again from these. Every value carries a checksum over key and value: a damaged disk is an error, never a wrong ledger.
 */
import { DagError } from '../errors.ts'
import type { Ledger } from '../order/ledger.ts'
import { decodeSnapshot, encodeSnapshot, type Snapshot } from '../prune/snapshot.ts'
import { blake2b256, decodeHeader, encodeHeader, type Hash, type UnitHeader } from '../unit/header.ts'
import { bytesToHex, hexToBytes, type UnitId } from '../unit/id.ts'
import { decodeUnit, encodeUnit, type Unit, type UnitOptions } from '../unit/unit.ts'
import type { KeyValueChange, KeyValueStore } from './key-value.ts'

/** What is written together. */
export interface StoreBatch {
  /** Parents first, or stored before. */
  readonly units?: readonly Unit[]
  /** Committed leaders, after those of earlier batches. */
  readonly commits?: readonly UnitId[]
  /** Units to forget (U7). */
  readonly drop?: readonly UnitId[]
  /** Units of which only the header stays: see `Pruned.headersOnly`. */
  readonly dropPayload?: readonly UnitId[]
  /** Where the ledger begins after pruning; written with what is dropped. */
  readonly snapshot?: Snapshot
}

/** An `AbortSignal`, or anything that throws when work is to stop. */
export interface CancelSignal {
  throwIfAborted(): void
}

/** Options of {@link openUnitStore}. */
export interface UnitStoreOptions extends UnitOptions {
  readonly signal?: CancelSignal
}

const UNIT = 0x75
const SEQUENCE = 0x73
const COMMIT = 0x63
const HEADER = 0x68
const SNAPSHOT = 0x70
const CHECKSUM_BYTES = 8

function keyOf(kind: number, rest: Uint8Array): Uint8Array {
  const key = new Uint8Array(1 + rest.length)
  key[0] = kind
  key.set(rest, 1)
  return key
}

/** Eight bytes, big-endian: the order of the keys is that of the numbers. */
function numberKey(kind: number, value: number): Uint8Array {
  const rest = new Uint8Array(8)
  new DataView(rest.buffer).setBigUint64(0, BigInt(value))
  return keyOf(kind, rest)
}

function numberOf(key: Uint8Array): number {
  return Number(new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(1))
}

/** Units and commits in a key-value store. */
export class UnitStore {
  readonly #store: KeyValueStore
  readonly #options: UnitOptions
  readonly #hash: Hash
  #nextUnit = 0
  #nextCommit = 0
  /** Writes are applied one after the other, so that sequence numbers have no holes after a crash. */
  #tail: Promise<void> = Promise.resolve()

  /** Use {@link openUnitStore}. */
  constructor(store: KeyValueStore, options: UnitOptions) {
    this.#store = store
    this.#options = options
    this.#hash = options.hash ?? blake2b256
  }

  /** Finds where the sequences end. @internal */
  async open(signal?: CancelSignal): Promise<void> {
    const last = async (kind: number) => {
      let next = 0
      for await (const [key] of this.#store.range(Uint8Array.of(kind), Uint8Array.of(kind + 1))) {
        signal?.throwIfAborted()
        next = numberOf(key) + 1
      }
      return next
    }
    this.#nextUnit = await last(SEQUENCE)
    this.#nextCommit = await last(COMMIT)
  }

  #seal(key: Uint8Array, value: Uint8Array): Uint8Array {
    const sealed = new Uint8Array(CHECKSUM_BYTES + value.length)
    sealed.set(this.#checksum(key, value))
    sealed.set(value, CHECKSUM_BYTES)
    return sealed
  }

  #checksum(key: Uint8Array, value: Uint8Array): Uint8Array {
    const input = new Uint8Array(key.length + value.length)
    input.set(key)
    input.set(value, key.length)
    return this.#hash(input).subarray(0, CHECKSUM_BYTES)
  }

  #unseal(key: Uint8Array, sealed: Uint8Array): Uint8Array {
    const value = sealed.subarray(CHECKSUM_BYTES)
    const sum = this.#checksum(key, value)
    for (let i = 0; i < CHECKSUM_BYTES; i++) {
      if (sum[i] !== sealed[i]) {
        throw new DagError(
          'DAG_STORE_DAMAGED',
          `the value of key ${bytesToHex(key)} is damaged: restore it from a peer or a backup`,
          {
            key: bytesToHex(key),
          },
        )
      }
    }
    return value
  }

  /** Writes a batch, all of it or nothing. When it resolves, nothing of it is lost by a crash. Units that are there already are skipped. */
  write(batch: StoreBatch): Promise<void> {
    const done = this.#tail.then(() => this.#write(batch))
    this.#tail = done.catch(() => {})
    return done
  }

  async #write({ units = [], commits = [], drop = [], dropPayload = [], snapshot }: StoreBatch): Promise<void> {
    const changes: KeyValueChange[] = []
    let [nextUnit, nextCommit] = [this.#nextUnit, this.#nextCommit]
    const put = (key: Uint8Array, value: Uint8Array) => changes.push({ key, value: this.#seal(key, value) })
    for (const unit of new Map(units.map((each) => [each.id, each])).values()) {
      const key = keyOf(UNIT, hexToBytes(unit.id))
      if (await this.#store.get(key)) continue
      const sequence = numberKey(SEQUENCE, nextUnit++)
      const bytes = encodeUnit(unit)
      const value = new Uint8Array(8 + bytes.length)
      value.set(sequence.subarray(1))
      value.set(bytes, 8)
      put(key, value)
      put(sequence, hexToBytes(unit.id))
    }
    for (const leader of commits) put(numberKey(COMMIT, nextCommit++), hexToBytes(leader))
    const forget = async (id: UnitId) => {
      const key = keyOf(UNIT, hexToBytes(id))
      const sealed = await this.#store.get(key)
      if (!sealed) {
        changes.push({ key: keyOf(HEADER, hexToBytes(id)), value: undefined })
        return undefined
      }
      const value = this.#unseal(key, sealed)
      changes.push({ key, value: undefined }, { key: keyOf(SEQUENCE, value.slice(0, 8)), value: undefined })
      return value.subarray(8)
    }
    for (const id of drop) await forget(id)
    for (const id of dropPayload) {
      const bytes = await forget(id)
      if (bytes) put(keyOf(HEADER, hexToBytes(id)), encodeHeader(decodeUnit(bytes, this.#options).header))
    }
    if (snapshot) put(Uint8Array.of(SNAPSHOT), encodeSnapshot(snapshot))
    if (changes.length > 0) await this.#store.write(changes)
    this.#nextUnit = nextUnit
    this.#nextCommit = nextCommit
  }

  /** A unit, undefined if it is not there. Throws `DAG_STORE_DAMAGED`. */
  async unit(id: UnitId): Promise<Unit | undefined> {
    const key = keyOf(UNIT, hexToBytes(id))
    const sealed = await this.#store.get(key)
    if (!sealed) return undefined
    return decodeUnit(this.#unseal(key, sealed).subarray(8), this.#options)
  }

  /** A unit's header, also when only that was kept. Throws `DAG_STORE_DAMAGED`. */
  async header(id: UnitId): Promise<UnitHeader | undefined> {
    const key = keyOf(HEADER, hexToBytes(id))
    const sealed = await this.#store.get(key)
    return sealed ? decodeHeader(this.#unseal(key, sealed)) : (await this.unit(id))?.header
  }

  /** The snapshot at which the stored ledger begins, undefined: at the genesis. Throws `DAG_STORE_DAMAGED`. */
  async snapshot(): Promise<Snapshot | undefined> {
    const key = Uint8Array.of(SNAPSHOT)
    const sealed = await this.#store.get(key)
    if (!sealed) return undefined
    const bytes = this.#unseal(key, sealed)
    return decodeSnapshot(bytes, bytesToHex(this.#hash(bytes)), this.#hash)
  }

  /** All units in the order of their arrival. Throws `DAG_STORE_DAMAGED`, also when one is missing. */
  async *units(): AsyncGenerator<Unit, void, undefined> {
    for await (const [key, sealed] of this.#store.range(Uint8Array.of(SEQUENCE), Uint8Array.of(SEQUENCE + 1))) {
      const id = bytesToHex(this.#unseal(key, sealed)) as UnitId
      const unit = await this.unit(id)
      if (!unit)
        throw new DagError('DAG_STORE_DAMAGED', `unit ${id} is in the sequence but not stored`, {
          key: bytesToHex(key),
        })
      yield unit
    }
  }

  /** The committed leaders in order. Throws `DAG_STORE_DAMAGED`. */
  async *commits(): AsyncGenerator<UnitId, void, undefined> {
    for await (const [key, sealed] of this.#store.range(Uint8Array.of(COMMIT), Uint8Array.of(COMMIT + 1))) {
      yield bytesToHex(this.#unseal(key, sealed)) as UnitId
    }
  }

  /** Waits for writes under way and closes the database. */
  async close(): Promise<void> {
    await this.#tail
    await this.#store.close()
  }
}

/** Opens the ledger in a key-value store. Cost: reads the keys of both sequences. */
export async function openUnitStore(
  store: KeyValueStore,
  { signal, ...options }: UnitStoreOptions = {},
): Promise<UnitStore> {
  const units = new UnitStore(store, options)
  await units.open(signal)
  return units
}

/**
 * Brings a fresh ledger to where the store was: appends its units, commits its leaders. The ledger begins at the genesis, or at the
 * store's snapshot (`openSnapshot`). Throws `DAG_STORE_DAMAGED` if the units do not fit.
 */
export async function restoreLedger(
  ledger: Ledger,
  store: UnitStore,
  { signal, onProgress }: { signal?: CancelSignal; onProgress?: (units: number) => void } = {},
): Promise<{ units: number; commits: number }> {
  let units = 0
  for await (const unit of store.units()) {
    signal?.throwIfAborted()
    const { status } = ledger.append(unit, { shapeChecked: true })
    if (status !== 'added' && status !== 'duplicate') {
      throw new DagError('DAG_STORE_DAMAGED', `stored unit ${unit.id} does not connect: ${status}`, { key: unit.id })
    }
    units++
    onProgress?.(units)
  }
  let commits = 0
  for await (const leader of store.commits()) {
    // Leaders up to the pruning point are part of what the ledger begins with.
    const isBelow = ledger.dag.pruningPoint !== undefined && commits === 0 && !ledger.dag.has(leader)
    if (isBelow || ledger.mainChain.mciOf(leader) !== undefined) continue
    ledger.commit(leader)
    commits++
  }
  return { units, commits }
}
