import { RLP } from '@ethereumjs/rlp'
import { bytesToHex, hexToBytes } from '@ethereumjs/util'
import { keccak256 } from '@zos/pipeline/hash'
import { NodeError } from '../errors.ts'
import type { KeyValueStore, StoreChange } from '../store/kv.ts'
import {
  type AccountState,
  type AddressHex,
  decodeAccount,
  EMPTY_ACCOUNT,
  EMPTY_ROOT,
  encodeAccount,
  type Hash,
} from './account.ts'
import type { StateChanges, StateReader } from './overlay.ts'
import { commitTrie, proveTrieKey, type TrieUpdate } from './trie.ts'

/** How many blocks back the state can still be read, for clients that ask a block number and then read at it. */
export const HISTORY_BLOCKS = 128
/** Accounts and slots kept in memory once read or written; about 200 bytes each. */
const CACHE_ENTRIES = 200_000

const NO_BYTES = new Uint8Array()

/** Old trie nodes kept for proofs of recent blocks: clients prove at the block that they have verified, not at the very newest. */
const MAX_UNDO_NODE_BYTES = 64 * 1024 * 1024

/** The values that a block overwrote. */
interface BlockUndo {
  block: number
  /** The trie nodes that it overwrote, by key; undefined once they were let go. */
  nodes: Map<string, Uint8Array | undefined> | undefined
  nodeBytes: number
  accounts: Map<AddressHex, AccountState | undefined>
  storage: Map<string, Uint8Array>
}

/** An EIP-1186 proof: the trie nodes from the root down, RLP each. */
export interface AccountProof {
  account: AccountState
  accountProof: Uint8Array[]
  storageProof: { slot: Hash; value: Uint8Array; proof: Uint8Array[] }[]
}

/**
 * The executed state: a flat map of accounts, slots and code in the store, with the Merkle–Patricia tries beside it. Reads never walk
 * a trie; tries are updated once a block.
 */
export class WorldState {
  readonly #store: Pick<KeyValueStore, 'get'>
  /** Where a branch keeps what was applied to it. */
  #keep: ((changes: readonly StoreChange[]) => void) | undefined
  #wipe: ((address: AddressHex) => void) | undefined
  readonly #accounts = new BoundedMap<AddressHex, AccountState | undefined>(CACHE_ENTRIES)
  readonly #slots = new BoundedMap<string, Uint8Array>(CACHE_ENTRIES)
  readonly #code = new BoundedMap<Hash, Uint8Array>(1_000)
  /** What the block being made durable changed: read before the store, which may not have it yet. */
  #pending = new Map<string, Uint8Array | undefined>()
  #history: BlockUndo[] = []
  #block: number

  constructor(store: Pick<KeyValueStore, 'get'>, block: number) {
    this.#store = store
    this.#block = block
  }

  /** The block whose state is the newest. */
  get block(): number {
    return this.#block
  }

  /**
   * A state of its own over the one after block `block`: what is applied there is seen by nobody else and goes away with it. Undefined
   * when the state or the trie nodes of that block are no longer kept. Reading it throws `NODE_HISTORY_PRUNED` once this state has moved
   * on so far.
   */
  branch(block = this.#block): WorldState | undefined {
    const first = this.#block - block > this.#history.length ? undefined : this.#firstAfter(block)
    if (first === undefined || this.#history.slice(first).some(({ nodes }) => !nodes)) return undefined
    const written = new Map<string, Uint8Array | undefined>()
    const wiped = new Set<string>()
    const read = (key: string): Uint8Array | undefined => {
      if (written.has(key)) return written.get(key)
      if (wiped.size > 0 && wiped.has(ownerOf(key))) return undefined
      for (let index = this.#firstAfter(block); index < this.#history.length; index++) {
        const undo = this.#history[index]!
        if (!undo.nodes) throw gone(block)
        if (undo.nodes.has(key)) return undo.nodes.get(key)
        if (key[0] === 'a' && undo.accounts.has(key.slice(1) as AddressHex)) {
          const account = undo.accounts.get(key.slice(1) as AddressHex)
          return account && encodeAccount(account)
        }
        if (key[0] === 's') {
          const value = undo.storage.get(key.slice(1))
          if (value) return value
        }
      }
      return this.#read(key)
    }
    const branch = new WorldState({ get: read }, block)
    branch.#keep = (changes) => {
      for (const { key, value } of changes) written.set(key, value)
    }
    branch.#wipe = (address) => {
      for (const owner of [`s${address}`, `S${hashedKey(address)}`]) {
        wiped.add(owner)
        for (const key of written.keys()) if (ownerOf(key) === owner) written.delete(key)
      }
      for (const key of branch.#slots.keys()) if (key.startsWith(address)) branch.#slots.delete(key)
    }
    return branch
  }

  /** On a branch: takes all storage of `address` away, below its history. */
  wipeStorage(address: AddressHex): void {
    if (!this.#wipe) throw new TypeError('only a branch can lose storage')
    this.#wipe(address)
    const account = this.#account(address)
    if (account) this.#accounts.set(address, { ...account, storageRoot: EMPTY_ROOT })
  }

  /** The newest state. */
  latest(): StateReader {
    return {
      account: (address) => this.#account(address),
      storage: (address, slot) => this.#storage(address + slot),
      code: (codeHash) => this.#readCode(codeHash),
    }
  }

  /**
   * The state after block `block`, whatever blocks come after; undefined when it is older than what is kept or not there yet. Reading
   * throws `NODE_HISTORY_PRUNED` once it is no longer kept.
   */
  at(block: number): StateReader | undefined {
    if (block > this.#block || this.#block - block > this.#history.length) return undefined
    return {
      account: (address) => {
        for (let index = this.#firstAfter(block); index < this.#history.length; index++) {
          const { accounts } = this.#history[index]!
          if (accounts.has(address)) return accounts.get(address)
        }
        return this.#account(address)
      },
      storage: (address, slot) => {
        const key = address + slot
        for (let index = this.#firstAfter(block); index < this.#history.length; index++) {
          const value = this.#history[index]!.storage.get(key)
          if (value) return value
        }
        return this.#storage(key)
      },
      code: (codeHash) => this.#readCode(codeHash),
    }
  }

  /**
   * Takes over the changes of block `block` in memory, updates the tries, and returns the new root with what has to be stored. The
   * caller stores it in the block's batch, then calls {@link settled}. Cost: O(dirty trie nodes).
   */
  apply(block: number, changes: StateChanges): { stateRoot: Hash; stored: StoreChange[] } {
    const stored: StoreChange[] = []
    const undo: BlockUndo = { block, nodes: new Map(), nodeBytes: 0, accounts: new Map(), storage: new Map() }
    const accounts = new Map(changes.accounts)

    for (const [address, slots] of changes.storage) {
      const account = accounts.has(address) ? accounts.get(address) : this.#account(address)
      const storageRoot = this.#applyStorage(address, slots, undo, stored)
      if (account && storageRoot !== account.storageRoot) accounts.set(address, { ...account, storageRoot })
    }
    for (const [codeHash, code] of changes.code) {
      stored.push({ key: `c${codeHash}`, value: code })
      this.#code.set(codeHash, code)
    }
    const updates: TrieUpdate[] = []
    for (const [address, account] of accounts) {
      const rlp = account && encodeAccount(account)
      undo.accounts.set(address, this.#account(address))
      updates.push([hashedKey(address), rlp])
      stored.push(rlp ? { key: `a${address}`, value: rlp } : { key: `a${address}` })
      this.#accounts.set(address, account)
    }
    const root = this.#applyTrie('T', updates, undo, stored)

    if (this.#keep) this.#keep(stored)
    else for (const { key, value } of stored) this.#pending.set(key, value)
    this.#history.push(undo)
    if (this.#history.length > HISTORY_BLOCKS) this.#history.shift()
    let nodeBytes = this.#history.reduce((sum, one) => sum + one.nodeBytes, 0)
    for (const one of this.#history) {
      if (nodeBytes <= MAX_UNDO_NODE_BYTES) break
      nodeBytes -= one.nodeBytes
      one.nodes = undefined
      one.nodeBytes = 0
    }
    this.#block = block
    return { stateRoot: root, stored }
  }

  /** The store has everything that {@link apply} returned. */
  settled(): void {
    this.#pending = new Map()
  }

  /** EIP-1186 proof against the state root of block `block`; undefined when its trie nodes are no longer kept or not there yet. */
  prove(address: AddressHex, slots: readonly Hash[], block = this.#block): AccountProof | undefined {
    const state = this.at(block)
    const undos = this.#history.filter((undo) => undo.block > block)
    if (!state || undos.some(({ nodes }) => !nodes)) return undefined
    const read = (key: string) => {
      const undo = undos.find(({ nodes }) => nodes!.has(key))
      return undo ? undo.nodes!.get(key) : this.#read(key)
    }
    const owner = `S${hashedKey(address)}`
    return {
      account: state.account(address) ?? EMPTY_ACCOUNT,
      accountProof: proveTrieKey((path) => read(`T${path}`), hashedKey(address)),
      storageProof: slots.map((slot) => ({
        slot,
        value: state.storage(address, slot),
        proof: proveTrieKey((path) => read(owner + path), hashedKey(slot)),
      })),
    }
  }

  /** Where in the history the blocks after `block` begin: what they overwrote is looked for there, oldest first. */
  #firstAfter(block: number): number {
    const first = this.#history.length - (this.#block - block)
    if (first < 0) throw gone(block)
    return first
  }

  #applyStorage(address: AddressHex, slots: Map<Hash, Uint8Array>, undo: BlockUndo, stored: StoreChange[]): Hash {
    const updates: TrieUpdate[] = []
    for (const [slot, value] of slots) {
      const key = address + slot
      const before = this.#storage(key)
      undo.storage.set(key, before)
      const isZero = value.length === 0
      updates.push([hashedKey(slot), isZero ? undefined : RLP.encode(value)])
      stored.push(isZero ? { key: `s${key}` } : { key: `s${key}`, value })
      this.#slots.set(key, value)
    }
    return this.#applyTrie(`S${hashedKey(address)}`, updates, undo, stored)
  }

  /** Updates the trie under `prefix`, notes what has to be stored and what it replaces, and returns the new root. */
  #applyTrie(prefix: string, updates: readonly TrieUpdate[], undo: BlockUndo, stored: StoreChange[]): Hash {
    const before = new Map<string, Uint8Array | undefined>()
    const { root, nodes } = commitTrie((path) => {
      const rlp = this.#read(prefix + path)
      before.set(path, rlp)
      return rlp
    }, updates)
    for (const [path, value] of nodes) {
      const key = prefix + path
      const old = before.has(path) ? before.get(path) : this.#read(key)
      undo.nodes?.set(key, old)
      undo.nodeBytes += key.length + (old?.length ?? 0)
      stored.push(value ? { key, value } : { key })
    }
    return bytesToHex(root)
  }

  #account(address: AddressHex): AccountState | undefined {
    if (this.#accounts.has(address)) return this.#accounts.get(address)
    const rlp = this.#read(`a${address}`)
    const account = rlp && decodeAccount(rlp)
    this.#accounts.set(address, account)
    return account
  }

  #storage(key: string): Uint8Array {
    const cached = this.#slots.get(key)
    if (cached) return cached
    const value = this.#read(`s${key}`) ?? NO_BYTES
    this.#slots.set(key, value)
    return value
  }

  #readCode(codeHash: Hash): Uint8Array {
    const cached = this.#code.get(codeHash)
    if (cached) return cached
    const code = this.#read(`c${codeHash}`)
    if (!code)
      throw new NodeError('NODE_STORE_CORRUPT', `the code ${codeHash} of an account is not in the store`, { codeHash })
    this.#code.set(codeHash, code)
    return code
  }

  #read(key: string): Uint8Array | undefined {
    return this.#pending.has(key) ? this.#pending.get(key) : this.#store.get(key)
  }
}

/** The account whose storage, or storage trie, the entry `key` belongs to: kind and 20 bytes, or kind and 32 hashed. */
function ownerOf(key: string): string {
  return key[0] === 's' ? key.slice(0, 43) : key[0] === 'S' ? key.slice(0, 65) : ''
}

function gone(block: number): NodeError {
  return new NodeError('NODE_HISTORY_PRUNED', `the state of block ${block} is no longer kept`, { block })
}

/** Where the trie has what belongs to an address or slot: the Keccak-256 of it, as hex digits. */
export function hashedKey(hex: Hash | AddressHex): string {
  return bytesToHex(keccak256(hexToBytes(hex))).slice(2)
}

/** A map that forgets its oldest entries: enough of a cache when everything can be read again. */
class BoundedMap<K, V> extends Map<K, V> {
  readonly #limit: number

  constructor(limit: number) {
    super()
    this.#limit = limit
  }

  override set(key: K, value: V): this {
    super.delete(key)
    super.set(key, value)
    if (this.size > this.#limit) this.delete(this.keys().next().value as K)
    return this
  }
}
