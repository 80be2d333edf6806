import { type KeyValueStore, sortable } from '../store/kv.ts'
import {
  type CheckpointRecord,
  decodeRecord,
  decodeShare,
  encodeRecord,
  encodeShare,
  type ShareMessage,
} from './record.ts'

const LATEST_KEY = 'kl'

/** Where checkpoints are kept for good: some ten kilobytes an epoch with thirty validators. */
export class CheckpointStore {
  readonly #store: KeyValueStore

  constructor(store: KeyValueStore) {
    this.#store = store
  }

  /** The newest epoch with a certificate. */
  latest(): number | undefined {
    const epoch = this.#store.get(LATEST_KEY)
    return epoch && Number(new TextDecoder().decode(epoch))
  }

  record(epoch: number): CheckpointRecord | undefined {
    const bytes = this.#store.get(`kr${sortable(epoch)}`)
    return bytes && decodeRecord(bytes)
  }

  async saveRecord(record: CheckpointRecord): Promise<void> {
    const { epoch } = record.checkpoint
    const newest = record.certificate && epoch >= (this.latest() ?? 0)
    await this.#store.batch(
      [
        { key: `kr${sortable(epoch)}`, value: encodeRecord(record) },
        ...(newest ? [{ key: LATEST_KEY, value: new TextEncoder().encode(String(epoch)) }] : []),
      ],
      { sync: true },
    )
  }

  /** What this validator has signed in `epoch`. */
  ownShare(epoch: number): ShareMessage | undefined {
    const bytes = this.#store.get(`ks${sortable(epoch)}`)
    return bytes && decodeShare(bytes)
  }

  async saveOwnShare(share: ShareMessage): Promise<void> {
    const key = `ks${sortable(share.checkpoint.epoch)}`
    await this.#store.batch([{ key, value: encodeShare(share) }], { sync: true })
  }
}
