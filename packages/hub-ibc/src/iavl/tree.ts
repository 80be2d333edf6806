/**
 * A versioned IAVL tree with the exact node structure, hashes and proofs of cosmos/iavl v1, so that every ICS-23
 * verifier with `iavlSpec` accepts it. Writes collect until {@link IavlTree.commit}; each commit is a version that can be
 * read and proved until it is pruned. Nothing here touches a disk: `openIavlStore` adds that.
 */
import { byteKey, compare, equal } from '../encoding/bytes.ts'
import { HubError } from '../errors.ts'
import { sha256 } from '../hash/sha256.ts'
import { encodeCommitmentProof } from '../ics23/codec.ts'
import { type CommitmentProof, type ExistenceProof, HashOp, type InnerOp, LengthOp } from '../ics23/proof.ts'
import { encodeExistence } from './existence.ts'
import { hashNode, IavlNode, MAX_KEY_BYTES, type NodeRef, putVarint } from './node.ts'

/** What a commit made. */
export interface IavlCommit {
  readonly version: number
  /** The root hash; the hash of nothing for an empty tree. */
  readonly hash: Uint8Array
}

/** What a commit changed, for a store that writes it down. @internal */
export interface IavlChanges extends IavlCommit {
  readonly root: IavlNode | undefined
  readonly created: readonly IavlNode[]
  readonly orphans: readonly { readonly version: number; readonly nonce: number }[]
}

/** Where nodes that are not in memory come from. @internal */
export type NodeLoader = (ref: NodeRef) => IavlNode

/** The root hash of a tree without a pair. @internal */
export const EMPTY_HASH: Uint8Array = sha256(new Uint8Array(0))

/**
 * How many bytes `key` and `other` have in common, of which the first `known` are known. On the way down a tree every key lies between the
 * last two that were passed, so it shares with `key` what those two do; ICS-24 keys share some fifty bytes.
 */
function sharedLength(key: Uint8Array, other: Uint8Array, known: number): number {
  const end = key.length < other.length ? key.length : other.length
  let at = known
  while (at < end && key[at] === other[at]) at++
  return at
}

/** `compare(key, other) < 0` for two keys with `shared` first bytes in common. */
const isBelow = (key: Uint8Array, other: Uint8Array, shared: number): boolean =>
  shared < other.length && (shared === key.length || key[shared]! < other[shared]!)

const noLoader: NodeLoader = () => {
  throw new HubError('HUB_STORE_DAMAGED', 'a node is neither in memory nor in a store')
}

/** A versioned provable map from bytes to bytes. */
export class IavlTree {
  private root: IavlNode | undefined
  private readonly versions = new Map<number, IavlNode | undefined>()
  private orphans: { version: number; nonce: number }[] = []
  private latest = 0
  private readonly load: NodeLoader
  private readonly tracking: boolean

  /** An empty tree. */
  constructor()
  /** `load` and `tracking` serve stores. @internal */
  constructor(options: { load?: NodeLoader; tracking?: boolean })
  constructor(options: { load?: NodeLoader; tracking?: boolean } = {}) {
    this.load = options.load ?? noLoader
    this.tracking = options.tracking ?? false
  }

  /** The version of the last commit; 0 before the first. */
  get version(): number {
    return this.latest
  }

  /** How many pairs the working tree holds. */
  get size(): number {
    return this.root?.size ?? 0
  }

  /** Continues after a stored version. @internal */
  resume(version: number, root: IavlNode | undefined): void {
    this.latest = version
    this.root = root
    this.orphans = []
    this.versions.set(version, root)
  }

  private left(node: IavlNode): IavlNode {
    if (!node.left) node.left = this.load(node.leftRef!)
    return node.left
  }

  private right(node: IavlNode): IavlNode {
    if (!node.right) node.right = this.load(node.rightRef!)
    return node.right
  }

  private orphan(node: IavlNode): void {
    if (this.tracking && node.version !== 0) this.orphans.push({ version: node.version, nonce: node.nonce })
  }

  /** `node` if it may be changed, else a copy that may. */
  private own(node: IavlNode): IavlNode {
    if (node.version === 0) return node
    this.orphan(node)
    const copy = new IavlNode(node.key, undefined)
    copy.height = node.height
    copy.size = node.size
    copy.left = this.left(node)
    copy.right = this.right(node)
    return copy
  }

  private measure(node: IavlNode): void {
    const left = node.left!
    const right = node.right!
    node.height = (left.height > right.height ? left.height : right.height) + 1
    node.size = left.size + right.size
  }

  private rotateRight(node: IavlNode): IavlNode {
    const top = this.own(node.left!)
    node.left = this.right(top)
    top.right = node
    this.measure(node)
    this.measure(top)
    return top
  }

  private rotateLeft(node: IavlNode): IavlNode {
    const top = this.own(node.right!)
    node.right = this.left(top)
    top.left = node
    this.measure(node)
    this.measure(top)
    return top
  }

  private balance(node: IavlNode): IavlNode {
    const lean = node.left!.height - node.right!.height
    if (lean > 1) {
      const left = node.left!
      if (this.left(left).height < this.right(left).height) node.left = this.rotateLeft(this.own(left))
      return this.rotateRight(node)
    }
    if (lean < -1) {
      const right = node.right!
      if (this.left(right).height > this.right(right).height) node.right = this.rotateRight(this.own(right))
      return this.rotateLeft(node)
    }
    return node
  }

  // Set by insert(): the value that stood at the key.
  private replaced: Uint8Array | undefined

  /** `low` and `high`: bytes that `key` shares with the last keys passed on its left and on its right. */
  private insert(node: IavlNode, key: Uint8Array, value: Uint8Array, low: number, high: number): IavlNode {
    if (node.value !== undefined) {
      const order = compare(key, node.key)
      const leaf = new IavlNode(key, value)
      if (order === 0) {
        this.orphan(node)
        this.replaced = node.value
        return leaf
      }
      const parent = new IavlNode(order < 0 ? node.key : key, undefined)
      parent.left = order < 0 ? leaf : node
      parent.right = order < 0 ? node : leaf
      parent.height = 1
      parent.size = 2
      return parent
    }
    const own = this.own(node)
    const shared = sharedLength(key, own.key, low < high ? low : high)
    if (isBelow(key, own.key, shared)) own.left = this.insert(this.left(own), key, value, low, shared)
    else own.right = this.insert(this.right(own), key, value, shared, high)
    this.measure(own)
    return this.balance(own)
  }

  // Set by remove(): the new smallest key of the subtree whose first leaf went away.
  private newFirstKey: Uint8Array | undefined

  private remove(node: IavlNode, key: Uint8Array): IavlNode | undefined {
    if (node.value !== undefined) {
      this.orphan(node)
      this.newFirstKey = undefined
      return undefined
    }
    const own = this.own(node)
    if (compare(key, own.key) < 0) {
      const left = this.remove(this.left(own), key)
      if (!left) {
        this.newFirstKey = own.key
        return this.right(own)
      }
      own.left = left
    } else {
      const right = this.remove(this.right(own), key)
      if (!right) {
        this.newFirstKey = undefined
        return this.left(own)
      }
      own.right = right
      if (this.newFirstKey) own.key = this.newFirstKey
      this.newFirstKey = undefined
    }
    this.measure(own)
    return this.balance(own)
  }

  /** Sets `key` in the working tree. Keys and values must not be empty (no proof could speak of them) nor change later. O(log n). */
  set(key: Uint8Array, value: Uint8Array): void {
    if (key.length === 0 || key.length > MAX_KEY_BYTES) {
      throw new HubError('HUB_INVALID_ARGUMENT', `a key has 1 to ${MAX_KEY_BYTES} bytes`, { length: key.length })
    }
    if (value.length === 0)
      throw new HubError('HUB_INVALID_ARGUMENT', 'a value must not be empty', { key: byteKey(key) })
    this.replaced = undefined
    this.root = this.root ? this.insert(this.root, key, value, 0, 0) : new IavlNode(key, value)
  }

  /** Removes `key` from the working tree; false when it was not there. O(log n). */
  delete(key: Uint8Array): boolean {
    return this.exchange(key, undefined) !== undefined
  }

  /** {@link set}, or {@link delete} for no value; and what stood there before. */
  exchange(key: Uint8Array, value: Uint8Array | undefined): Uint8Array | undefined {
    if (value) {
      this.set(key, value)
      return this.replaced
    }
    const before = this.get(key)
    if (before) this.root = this.remove(this.root!, key)
    return before
  }

  /** The value at `key` in the working tree, or in a committed `version`. */
  get(key: Uint8Array, version?: number): Uint8Array | undefined {
    let node = version === undefined ? this.root : this.rootOf(version)
    if (!node) return undefined
    let low = 0
    let high = 0
    while (node.value === undefined) {
      const shared = sharedLength(key, node.key, low < high ? low : high)
      if (isBelow(key, node.key, shared)) {
        high = shared
        node = this.left(node)
      } else {
        low = shared
        node = this.right(node)
      }
    }
    return equal(key, node.key) ? node.value : undefined
  }

  private rootOf(version: number): IavlNode | undefined {
    if (!this.versions.has(version)) {
      throw new HubError('HUB_VERSION_UNKNOWN', `version ${version} is not there; the latest is ${this.latest}`, {
        version,
      })
    }
    return this.versions.get(version)
  }

  /** Pairs with `from <= key < to` in byte order, of the working tree or a committed `version`. Do not write while iterating. */
  *entries(
    range: { from?: Uint8Array; to?: Uint8Array; version?: number } = {},
  ): Generator<readonly [key: Uint8Array, value: Uint8Array]> {
    const root = range.version === undefined ? this.root : this.rootOf(range.version)
    const stack: IavlNode[] = root ? [root] : []
    while (stack.length > 0) {
      const node = stack.pop()!
      if (node.value !== undefined) {
        if (range.from && compare(node.key, range.from) < 0) continue
        if (range.to && compare(node.key, range.to) >= 0) return
        yield [node.key, node.value]
        continue
      }
      if (!range.to || compare(range.to, node.key) > 0) stack.push(this.right(node))
      if (!range.from || compare(range.from, node.key) < 0) stack.push(this.left(node))
    }
  }

  private seal(node: IavlNode, version: number, created: IavlNode[], counter: { nonce: number }): void {
    if (node.version !== 0) return
    const nonce = ++counter.nonce
    if (node.value === undefined) {
      this.seal(node.left!, version, created, counter)
      this.seal(node.right!, version, created, counter)
    }
    hashNode(node, version)
    node.version = version
    node.nonce = nonce
    if (this.tracking) created.push(node)
  }

  /** Makes the working tree the next version. Cost: two hashes a changed leaf, one a changed inner node. */
  commit(): IavlCommit {
    const { version, hash } = this.commitChanges()
    return { version, hash }
  }

  /** {@link commit}, with what a store needs. @internal */
  commitChanges(): IavlChanges {
    const version = this.latest + 1
    const created: IavlNode[] = []
    if (this.root) this.seal(this.root, version, created, { nonce: 0 })
    const hash = this.root?.hash?.slice() ?? EMPTY_HASH
    const orphans = this.orphans
    this.orphans = []
    this.latest = version
    this.versions.set(version, this.root)
    return { version, hash, root: this.root, created, orphans }
  }

  /** True when nothing was written since the last commit. */
  get clean(): boolean {
    return this.root === this.versions.get(this.latest)
  }

  /** Forgets every write since the last commit. */
  rollback(): void {
    this.root = this.versions.get(this.latest)
    this.orphans = []
  }

  /** True when `version` can be read and proved. */
  has(version: number): boolean {
    return this.versions.has(version)
  }

  /** The root hash of a committed version. */
  hashOf(version: number): Uint8Array {
    return this.rootOf(version)?.hash?.slice() ?? EMPTY_HASH
  }

  /** Forgets every version up to and with `version`; the latest cannot be pruned. */
  prune(version: number): void {
    for (const held of this.versions.keys()) if (held <= version && held !== this.latest) this.versions.delete(held)
  }

  private existence(root: IavlNode, key: Uint8Array): ExistenceProof {
    const path: InnerOp[] = []
    let node = root
    let low = 0
    let high = 0
    while (node.value === undefined) {
      const shared = sharedLength(key, node.key, low < high ? low : high)
      const goLeft = isBelow(key, node.key, shared)
      path.push(innerOp(node, goLeft))
      if (goLeft) {
        high = shared
        node = this.left(node)
      } else {
        low = shared
        node = this.right(node)
      }
    }
    path.reverse()
    return {
      key: node.key,
      value: node.value,
      leaf: {
        hash: HashOp.SHA256,
        prehashKey: HashOp.NO_HASH,
        prehashValue: HashOp.SHA256,
        length: LengthOp.VAR_PROTO,
        prefix: header(0, 1, node.version),
      },
      path,
    }
  }

  /**
   * An ICS-23 proof (bytes of `CommitmentProof`) of what committed `version` holds at `key`: existence with its value,
   * or non-existence. Throws `HUB_VERSION_UNKNOWN`, and `HUB_INVALID_ARGUMENT` for an empty tree, of which nothing can be proved.
   */
  prove(key: Uint8Array, version: number = this.latest): Uint8Array {
    const path: IavlNode[] = []
    const way: boolean[] = []
    let node = this.rootOf(version)
    let low = 0
    let high = 0
    while (node && node.value === undefined) {
      const shared = sharedLength(key, node.key, low < high ? low : high)
      const goLeft = isBelow(key, node.key, shared)
      path.push(node)
      way.push(goLeft)
      if (goLeft) high = shared
      else low = shared
      node = goLeft ? this.left(node) : this.right(node)
    }
    return node && equal(node.key, key)
      ? encodeExistence(path, way, node)
      : encodeCommitmentProof(this.proof(key, version))
  }

  /** {@link prove} before it is bytes. Its byte fields must not be changed. */
  proof(key: Uint8Array, version: number = this.latest): CommitmentProof {
    const root = this.rootOf(version)
    if (!root) throw new HubError('HUB_INVALID_ARGUMENT', 'nothing can be proved about an empty tree', { version })
    const nearest = this.existence(root, key)
    const order = compare(key, nearest.key)
    if (order === 0) return { kind: 'exist', exist: nearest }
    const neighbour = order < 0 ? this.leafBelow(root, key) : this.leafAbove(root, key)
    const other = neighbour && this.existence(root, neighbour.key)
    return {
      kind: 'nonexist',
      nonexist: order < 0 ? { key, left: other, right: nearest } : { key, left: nearest, right: other },
    }
  }

  /** The last leaf before the one that the search for `key` ends at, which is above `key`. */
  private leafBelow(root: IavlNode, key: Uint8Array): IavlNode | undefined {
    let below: IavlNode | undefined
    for (let node = root; node.value === undefined; ) {
      if (compare(key, node.key) < 0) node = this.left(node)
      else {
        below = this.left(node)
        node = this.right(node)
      }
    }
    while (below && below.value === undefined) below = this.right(below)
    return below
  }

  /** The first leaf after the one that the search for `key` ends at, which is below `key`. */
  private leafAbove(root: IavlNode, key: Uint8Array): IavlNode | undefined {
    let above: IavlNode | undefined
    for (let node = root; node.value === undefined; ) {
      if (compare(key, node.key) >= 0) node = this.right(node)
      else {
        above = this.right(node)
        node = this.left(node)
      }
    }
    while (above && above.value === undefined) above = this.left(above)
    return above
  }
}

const headerScratch = new Uint8Array(32)

function header(height: number, size: number, version: number): Uint8Array {
  let at = putVarint(headerScratch, 0, height)
  at = putVarint(headerScratch, at, size)
  at = putVarint(headerScratch, at, version)
  return headerScratch.slice(0, at)
}

function innerOp(node: IavlNode, goLeft: boolean): InnerOp {
  const head = header(node.height, node.size, node.version)
  const sibling = goLeft ? (node.right?.hash ?? node.rightRef!.hash) : (node.left?.hash ?? node.leftRef!.hash)
  if (goLeft) {
    const prefix = new Uint8Array(head.length + 1)
    prefix.set(head)
    prefix[head.length] = 0x20
    const suffix = new Uint8Array(33)
    suffix[0] = 0x20
    suffix.set(sibling, 1)
    return { hash: HashOp.SHA256, prefix, suffix }
  }
  const prefix = new Uint8Array(head.length + 34)
  prefix.set(head)
  prefix[head.length] = 0x20
  prefix.set(sibling, head.length + 1)
  prefix[head.length + 33] = 0x20
  return { hash: HashOp.SHA256, prefix, suffix: new Uint8Array(0) }
}
