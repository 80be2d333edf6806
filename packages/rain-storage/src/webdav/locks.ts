/**
 * Write locks (RFC 4918 §6, §7). A lock belongs to the path of its root, to the account that made it, and ends with its time. Locks are kept in the index,
 * so that a client that holds one across a stop of the server still keeps others out.
 */
import * as dagCbor from '@ipld/dag-cbor'
import { toHex } from '../content/bytes.ts'
import type { CryptoPort } from '../crypto/port.ts'
import type { IndexChange, ObjectIndex } from '../s3/object-index.ts'
import { DavFailure } from './failure.ts'
import { WEBDAV_LIMITS } from './limits.ts'
import { type DavPath, isWithin, pathKey } from './path.ts'

/** A lock. */
export interface Lock {
  /** a URI */
  readonly token: string
  readonly path: DavPath
  /** the root only, or all below it too */
  readonly depth: '0' | 'infinity'
  readonly scope: 'exclusive' | 'shared'
  /** the `owner` element as the client sent it; empty without one */
  readonly owner: string
  /** the account that may use it */
  readonly account: string
  readonly expiresMs: number
}

const END = '\u{10ffff}'
const lockKey = (token: string) => `l\0${token}`

/** The locks of a tree. Methods that give changes leave it to the caller to write them, in one batch with others, and then to {@link apply} them. */
export class Locks {
  readonly #nowMs: () => number
  readonly #crypto: CryptoPort
  readonly #byToken = new Map<string, Lock>()
  /** tokens by the path of the root */
  readonly #byPath = new Map<string, Set<string>>()

  constructor(crypto: CryptoPort, nowMs: () => number) {
    this.#crypto = crypto
    this.#nowMs = nowMs
  }

  /** Reads the locks that are kept. Once, before anything else. */
  async open(index: ObjectIndex): Promise<void> {
    for await (const [, value] of index.list(lockKey(''), lockKey(END))) this.#keep(dagCbor.decode<Lock>(value))
  }

  #keep(lock: Lock): void {
    this.#byToken.set(lock.token, lock)
    const key = pathKey(lock.path)
    this.#byPath.set(key, (this.#byPath.get(key) ?? new Set()).add(lock.token))
  }

  #forget(token: string): void {
    const lock = this.#byToken.get(token)
    if (lock === undefined) return
    this.#byToken.delete(token)
    const key = pathKey(lock.path)
    const rest = this.#byPath.get(key)
    rest?.delete(token)
    if (rest?.size === 0) this.#byPath.delete(key)
  }

  /** Locks whose root is this very path. */
  at(path: DavPath): Lock[] {
    return [...(this.#byPath.get(pathKey(path)) ?? [])].map((token) => this.#byToken.get(token)!).filter(this.#holds)
  }

  readonly #holds = (lock: Lock): boolean => lock.expiresMs > this.#nowMs()

  /** Locks that a path is under: those at it, and those of infinite depth above it. */
  covering(path: DavPath): Lock[] {
    const locks = this.at(path)
    for (let length = path.length - 1; length >= 0; length--)
      locks.push(...this.at(path.slice(0, length)).filter(({ depth }) => depth === 'infinity'))
    return locks
  }

  /** Locks with a root below a path, not at it. Cost: all locks. */
  below(path: DavPath): Lock[] {
    return [...this.#byToken.values()].filter(
      (lock) => lock.path.length > path.length && isWithin(lock.path, path) && this.#holds(lock),
    )
  }

  /** A new lock, not kept yet. @throws DavFailure 507 when there are too many */
  make(lock: Omit<Lock, 'token' | 'expiresMs'>, timeoutMs: number): Lock {
    if (this.#byToken.size - this.#expired().length >= WEBDAV_LIMITS.locks)
      throw new DavFailure(507, `There are at most ${WEBDAV_LIMITS.locks} locks`)
    const bytes = this.#crypto.randomBytes(16)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const uuid = toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
    return { ...lock, token: `urn:uuid:${uuid}`, expiresMs: this.#nowMs() + timeoutMs }
  }

  /** The same lock with a new time. */
  refreshed(lock: Lock, timeoutMs: number): Lock {
    return { ...lock, expiresMs: this.#nowMs() + timeoutMs }
  }

  #expired(): string[] {
    return [...this.#byToken.values()].filter((lock) => !this.#holds(lock)).map(({ token }) => token)
  }

  /** Changes that keep `lock`, and forget those whose time is over. */
  keeping(lock: Lock): IndexChange[] {
    const over = this.#expired().map((token): IndexChange => [lockKey(token), undefined])
    return [...over, [lockKey(lock.token), dagCbor.encode(lock)]]
  }

  /** Changes that forget locks. */
  forgetting(locks: readonly Lock[]): IndexChange[] {
    return locks.map(({ token }) => [lockKey(token), undefined])
  }

  /** Takes over changes that have been written; others than those of locks are passed over. */
  apply(changes: readonly IndexChange[]): void {
    for (const [key, value] of changes) {
      if (!key.startsWith(lockKey(''))) continue
      this.#forget(key.slice(2))
      if (value !== undefined) this.#keep(dagCbor.decode<Lock>(value))
    }
  }
}
