import { SimpleStateManager } from '@ethereumjs/statemanager'
import type { Account, Address } from '@ethereumjs/util'

type Undo = () => void

/** A map that writes down how to undo each change. */
class UndoMap<K, V> extends Map<K, V> {
  #log: Undo[] | undefined

  track(log: Undo[]): void {
    this.#log = log
  }

  override set(key: K, value: V): this {
    if (this.#log) {
      const had = super.has(key)
      const before = super.get(key)!
      this.#log.push(() => (had ? super.set(key, before) : super.delete(key)))
    }
    return super.set(key, value)
  }
}

/** The library's plain state with an undo log: its own checkpoints copy every map, which grows with the number of accounts. */
export class FlatState extends SimpleStateManager {
  readonly #log: Undo[] = []
  readonly #marks: number[] = []

  constructor() {
    super()
    const accounts = new UndoMap<`0x${string}`, Account | undefined>()
    const codes = new UndoMap<`0x${string}`, Uint8Array>()
    const storage = new UndoMap<string, Uint8Array>()
    for (const map of [accounts, codes, storage]) map.track(this.#log)
    this.accountStack = [accounts]
    this.codeStack = [codes]
    this.storageStack = [storage]
  }

  /** A copy: the library changes what it gets in place. */
  override async getAccount(address: Address): Promise<Account | undefined> {
    const account = await super.getAccount(address)
    return account && Object.assign(Object.create(Object.getPrototypeOf(account)), account)
  }

  override async checkpoint(): Promise<void> {
    this.#marks.push(this.#log.length)
  }

  override async commit(): Promise<void> {
    this.#marks.pop()
    if (this.#marks.length === 0) this.#log.length = 0
  }

  override async revert(): Promise<void> {
    const mark = this.#marks.pop() ?? 0
    while (this.#log.length > mark) this.#log.pop()!()
    if (this.#marks.length === 0) this.#log.length = 0
  }
}
