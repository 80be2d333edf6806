// A WebDAV tree as plainly as it can be said: a map from paths to entries and a list of locks. Every rule looks at everything.

interface Entry {
  readonly collection: boolean
  readonly body: string
  readonly properties: ReadonlyMap<string, string>
}

interface ReferenceLock {
  readonly token: string
  readonly path: string
  readonly deep: boolean
  readonly exclusive: boolean
  readonly account: string
  expiresMs: number
}

/** Who asks, with which tokens in an If header (one tagged list each), and with If-Match of a wrong tag or If-None-Match of any. */
export interface Asking {
  readonly account: string
  readonly tokens: readonly string[]
  readonly condition: 'none' | 'match' | 'none-match'
}

export class ReferenceDav {
  nowMs: number
  entries = new Map<string, Entry>([['', { collection: true, body: '', properties: new Map() }]])
  /** all that were ever made */
  locks: ReferenceLock[] = []

  constructor(nowMs: number) {
    this.nowMs = nowMs
  }

  #alive() {
    return this.locks.filter(({ expiresMs }) => expiresMs > this.nowMs)
  }
  static below(path: string, above: string) {
    return path.startsWith(`${above}/`)
  }
  static parent(path: string) {
    return path.slice(0, path.lastIndexOf('/'))
  }
  covering(path: string) {
    return this.#alive().filter((lock) => lock.path === path || (lock.deep && ReferenceDav.below(path, lock.path)))
  }
  #closed(path: string, { tokens, account }: Asking) {
    const locks = this.covering(path)
    return locks.length > 0 && !locks.some((lock) => tokens.includes(lock.token) && lock.account === account)
  }
  /** Some lock with its root below is closed. */
  #closedBelow(path: string, asking: Asking) {
    return this.#alive().some((lock) => ReferenceDav.below(lock.path, path) && this.#closed(lock.path, asking))
  }
  #forget(gone: (path: string) => boolean) {
    this.locks = this.locks.filter((lock) => !gone(lock.path))
  }
  #conditionFails(path: string, { tokens, condition }: Asking) {
    if (tokens.length > 0 && !this.#alive().some(({ token }) => tokens.includes(token))) return true
    return condition === 'match' || (condition === 'none-match' && this.entries.has(path))
  }
  #hasParent(path: string) {
    return path !== '' && this.entries.get(ReferenceDav.parent(path))?.collection === true
  }
  #remove(path: string) {
    for (const key of [...this.entries.keys()])
      if (key === path || ReferenceDav.below(key, path)) this.entries.delete(key)
  }

  mkcol(path: string, asking: Asking): number {
    if (this.#conditionFails(path, asking)) return 412
    if (this.entries.has(path)) return 405
    if (!this.#hasParent(path)) return 409
    if (this.#closed(path, asking) || this.#closed(ReferenceDav.parent(path), asking)) return 423
    this.entries.set(path, { collection: true, body: '', properties: new Map() })
    return 201
  }
  put(path: string, body: string, asking: Asking): number {
    const old = this.entries.get(path)
    if (this.#conditionFails(path, asking)) return 412
    if (old?.collection) return 405
    if (!this.#hasParent(path)) return 409
    if (this.#closed(path, asking)) return 423
    if (old === undefined && this.#closed(ReferenceDav.parent(path), asking)) return 423
    this.entries.set(path, { collection: false, body, properties: old?.properties ?? new Map() })
    return old === undefined ? 201 : 204
  }
  delete(path: string, asking: Asking): number {
    if (this.#conditionFails(path, asking)) return 412
    if (path === '') return 403
    if (!this.entries.has(path)) return 404
    if (this.#closed(path, asking) || this.#closed(ReferenceDav.parent(path), asking)) return 423
    if (this.#closedBelow(path, asking)) return 207
    this.#remove(path)
    this.#forget((root) => root === path || ReferenceDav.below(root, path))
    return 204
  }
  transfer(kind: 'COPY' | 'MOVE', from: string, to: string, overwrite: boolean, deep: boolean, asking: Asking): number {
    if (this.#conditionFails(from, asking)) return 412
    if (!this.entries.has(from)) return 404
    if (from === to || ReferenceDav.below(from, to)) return 403
    if (deep && ReferenceDav.below(to, from)) return 403
    if (!this.#hasParent(to)) return 409
    const replaced = this.entries.has(to)
    if (replaced && !overwrite) return 412
    const move = kind === 'MOVE'
    if (move && (this.#closed(from, asking) || this.#closed(ReferenceDav.parent(from), asking))) return 423
    if (this.#closed(to, asking)) return 423
    if ((!replaced || move) && this.#closed(ReferenceDav.parent(to), asking)) return 423
    if ((move && this.#closedBelow(from, asking)) || (replaced && this.#closedBelow(to, asking))) return 207
    const copied = [...this.entries].filter(([key]) => key === from || (deep && ReferenceDav.below(key, from)))
    this.#remove(to)
    if (move) this.#remove(from)
    for (const [key, entry] of copied) this.entries.set(to + key.slice(from.length), entry)
    this.#forget((root) => ReferenceDav.below(root, to))
    if (move) this.#forget((root) => root === from || ReferenceDav.below(root, from))
    return replaced ? 204 : 201
  }
  proppatch(path: string, name: string, value: string | undefined, asking: Asking): number {
    const entry = this.entries.get(path)
    if (this.#conditionFails(path, asking)) return 412
    if (entry === undefined) return 404
    if (this.#closed(path, asking)) return 423
    const properties = new Map(entry.properties)
    if (value === undefined) properties.delete(name)
    else properties.set(name, value)
    this.entries.set(path, { ...entry, properties })
    return 207
  }
  lock(path: string, deep: boolean, exclusive: boolean, seconds: number, asking: Asking): number {
    if (this.#conditionFails(path, asking)) return 412
    const isNew = !this.entries.has(path)
    if (isNew && !this.#hasParent(path)) return 409
    const conflicts = (other: ReferenceLock) => exclusive || other.exclusive
    if (this.covering(path).some(conflicts)) return 423
    if (deep && this.#alive().some((other) => ReferenceDav.below(other.path, path) && conflicts(other))) return 207
    if (isNew && this.#closed(ReferenceDav.parent(path), asking)) return 423
    if (isNew) this.entries.set(path, { collection: false, body: '', properties: new Map() })
    const expiresMs = this.nowMs + seconds * 1000
    this.locks.push({ token: '', path, deep, exclusive, account: asking.account, expiresMs })
    return isNew ? 201 : 200
  }
  /** The token that the server gave to the lock just made. */
  named(token: string) {
    this.locks[this.locks.length - 1] = { ...this.locks.at(-1)!, token }
  }
  refresh(path: string, seconds: number, asking: Asking): number {
    if (this.#conditionFails(path, asking)) return 412
    const own = this.covering(path).filter(
      ({ token, account }) => asking.tokens.includes(token) && account === asking.account,
    )
    if (own.length !== 1 || !this.entries.has(path)) return 412
    own[0]!.expiresMs = this.nowMs + seconds * 1000
    return 200
  }
  unlock(path: string, token: string, asking: Asking): number {
    if (this.#conditionFails(path, asking)) return 412
    const lock = this.covering(path).find((candidate) => candidate.token === token)
    if (lock === undefined) return 409
    if (lock.account !== asking.account) return 403
    this.locks = this.locks.filter((other) => other !== lock)
    return 204
  }
}
