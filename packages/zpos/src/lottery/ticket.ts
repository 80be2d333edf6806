/** Tickets and their ranking (C3). */
import { blake2b } from '@noble/hashes/blake2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Address } from '../dag-port.ts'
import { uint64 } from './seed.ts'

const ORDER_DOMAIN = utf8ToBytes('zos-lottery-order')

/**
 * A candidate's ticket, carried in one of its own validator units. It names the hash that it claims, so that the smallest claim
 * is known without hashing, and one hash a candidate and term has to be checked at most, whatever is sent.
 */
export interface Ticket {
  readonly term: number
  readonly candidate: Address
  /** 64 bits. */
  readonly nonce: bigint
  /** CryptoNight of {@link ticketInput}: 32 bytes. */
  readonly hash: Uint8Array
}

/** A hash of 32 bytes: `createCryptonight().hash`. */
export type TicketHash = (data: Uint8Array) => Uint8Array

/** What a ticket hashes: BLAKE2b-512(seed ‖ candidate ‖ term) ‖ nonce, 72 bytes. */
export function ticketInput(seed: Uint8Array, term: number, candidate: Address, nonce: bigint): Uint8Array {
  return concatBytes(blake2b(concatBytes(seed, hexToBytes(candidate.slice(2)), uint64(term))), uint64(nonce))
}

/** Compares hashes as CryptoNight miners do: 256-bit numbers, little-endian. Negative if `a` is smaller. */
export function compareHashes(a: Uint8Array, b: Uint8Array): number {
  for (let i = a.length - 1; i >= 0; i -= 1) if (a[i] !== b[i]) return a[i]! - b[i]!
  return 0
}

/** True if the ticket's hash is what it claims. Cost: one hash. */
export function verifyTicket(ticket: Ticket, seed: Uint8Array, hash: TicketHash): boolean {
  const { term, candidate, nonce } = ticket
  if (ticket.hash.length !== 32 || nonce < 0n || nonce >= 1n << 64n) return false
  return compareHashes(hash(ticketInput(seed, term, candidate, nonce)), ticket.hash) === 0
}

/** Options of {@link searchTicket}. */
export interface SearchOptions {
  readonly seed: Uint8Array
  readonly term: number
  readonly candidate: Address
  readonly hash: TicketHash
  /** First nonce to try. */
  readonly start: bigint
  /** Nonces to try. */
  readonly count: number
  /** Ends the search early with the best so far. */
  readonly signal?: { readonly aborted: boolean }
  readonly onProgress?: (tried: number) => void
}

/** The smallest ticket among `count` nonces; undefined if none was tried. Cost: `count` hashes, in this thread. */
export function searchTicket(options: SearchOptions): Ticket | undefined {
  const { seed, term, candidate, hash, start, count, signal, onProgress } = options
  let best: Ticket | undefined
  for (let tried = 0; tried < count && signal?.aborted !== true; tried += 1) {
    const nonce = BigInt.asUintN(64, start + BigInt(tried))
    const digest = hash(ticketInput(seed, term, candidate, nonce))
    if (best === undefined || compareHashes(digest, best.hash) < 0) best = { term, candidate, nonce, hash: digest }
    onProgress?.(tried + 1)
  }
  return best
}

/**
 * The ranking of a term: candidates by their smallest ticket, ascending; then those without one, by a hash of seed and address.
 * Of each candidate only the smallest claim is checked; if it is false the candidate counts as without a ticket. Tickets of other
 * terms and of strangers are left out.
 *
 * A pure function of its input; the order of `tickets` does not matter. Cost: one hash a candidate.
 */
export function rankCandidates(options: {
  readonly term: number
  readonly seed: Uint8Array
  readonly candidates: readonly Address[]
  readonly tickets: Iterable<Ticket>
  readonly hash: TicketHash
}): Address[] {
  const { term, seed, candidates, tickets, hash } = options
  const smallest = new Map<Address, Ticket>()
  for (const ticket of tickets) {
    if (ticket.term !== term || !candidates.includes(ticket.candidate) || ticket.hash.length !== 32) continue
    const known = smallest.get(ticket.candidate)
    const order = known === undefined ? -1 : compareHashes(ticket.hash, known.hash)
    if (order < 0 || (order === 0 && ticket.nonce < known!.nonce)) smallest.set(ticket.candidate, ticket)
  }
  const orderKey = new Map(
    candidates.map((candidate) => [
      candidate,
      bytesToHex(blake2b(concatBytes(ORDER_DOMAIN, seed, hexToBytes(candidate.slice(2))), { dkLen: 32 })),
    ]),
  )
  const valid = new Map([...smallest].filter(([, ticket]) => verifyTicket(ticket, seed, hash)))
  return [...candidates].sort((a, b) => {
    const left = valid.get(a)
    const right = valid.get(b)
    if (left !== undefined && right !== undefined) {
      const order = compareHashes(left.hash, right.hash)
      if (order !== 0) return order
    } else if (left !== undefined || right !== undefined) return left !== undefined ? -1 : 1
    return orderKey.get(a)! < orderKey.get(b)! ? -1 : 1
  })
}
