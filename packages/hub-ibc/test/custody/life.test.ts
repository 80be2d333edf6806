import { createPublicKey, verify as opensslVerify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  aggregate,
  commit,
  identifyCheaters,
  type NonceCommitment,
  type Nonces,
  openSession,
  signShare,
  verifySignature,
} from '../../src/custody/frost.ts'
import {
  type DealtShare,
  deal,
  dealRefresh,
  dealReshare,
  finishKeygen,
  finishRefresh,
  finishReshare,
  judgeComplaint,
  type Membership,
  shareFor,
  transcript,
  weightedIdentifiers,
} from '../../src/custody/keygen.ts'
import { createRoast } from '../../src/custody/roast.ts'
import { type AppendLog, openSignOnceLog } from '../../src/custody/sign-once.ts'
import { ed25519Suite, type Suite, secp256k1Suite } from '../../src/custody/suite.ts'
import { concat, toHex, utf8 } from '../../src/encoding/bytes.ts'
import { createRandom } from '../random.ts'

function keygen(suite: Suite, threshold: number, count: number): Membership[] {
  const ids = Array.from({ length: count }, (_, i) => BigInt(i + 1))
  const dealings = ids.map((id) => deal(suite, id, threshold))
  const dealers = dealings.map((d) => d.public)
  return ids.map((id) =>
    finishKeygen(
      suite,
      threshold,
      id,
      dealers,
      dealings.map((d) => shareFor(suite, d, id)),
    ),
  )
}

function sign(members: readonly Membership[], message: Uint8Array): Uint8Array {
  const { key } = members[0]!
  const nonces = members.map(({ secret }) => commit(key.suite, secret))
  const session = openSession(
    key,
    message,
    nonces.map((n) => n.commitment),
  )
  return aggregate(
    session,
    new Map(members.map(({ secret }, i) => [secret.identifier, signShare(session, secret, nonces[i]!)])),
  )
}

const message = utf8('zos')

describe('a committee', () => {
  it('signs with any threshold of its members, and OpenSSL accepts the Ed25519 signature', () => {
    const members = keygen(ed25519Suite, 3, 5)
    const signature = sign([members[4]!, members[1]!, members[2]!], message)
    const der = concat(Uint8Array.from(Buffer.from('302a300506032b6570032100', 'hex')), members[0]!.key.publicKey)
    const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
    expect(opensslVerify(null, message, key, signature)).toBe(true)
  })

  it('refreshes its shares and reshares to a new committee under the same key; old shares are worth nothing', () => {
    for (const suite of [ed25519Suite, secp256k1Suite]) {
      const members = keygen(suite, 2, 3)
      const { publicKey } = members[0]!.key
      const ids = members.map((m) => m.secret.identifier)
      const zero = ids.map((id) => dealRefresh(suite, id, 2))
      const fresh = members.map((m) =>
        finishRefresh(
          m,
          zero.map((z) => z.public),
          zero.map((z) => shareFor(suite, z, m.secret.identifier)),
        ),
      )
      expect(verifySignature(suite, publicKey, message, sign([fresh[0]!, fresh[2]!], message))).toBe(true)
      expect(fresh[0]!.secret.share).not.toBe(members[0]!.secret.share)
      const mixed = { key: fresh[0]!.key, secret: members[0]!.secret }
      expect(() => sign([mixed, fresh[2]!], message)).toThrow(
        expect.objectContaining({ code: 'HUB_CUSTODY', context: expect.objectContaining({ culprits: [1n] }) }),
      )

      const quorum = [1n, 3n]
      const next = [1n, 2n, 3n, 4n, 5n]
      const dealings = [fresh[0]!, fresh[2]!].map((m) => dealReshare(m, quorum, 3))
      const moved = next.map((id) =>
        finishReshare(
          fresh[0]!.key,
          3,
          next,
          id,
          dealings.map((d) => d.public),
          dealings.map((d) => shareFor(suite, d, id)),
        ),
      )
      expect(toHex(moved[0]!.key.publicKey)).toBe(toHex(publicKey))
      expect(verifySignature(suite, publicKey, message, sign([moved[1]!, moved[3]!, moved[4]!], message))).toBe(true)
      // A dealer that shares something else than its old share is named.
      const forged = deal(suite, 3n, 3)
      const mixedDealers = [dealings[0]!, forged]
      expect(() =>
        finishReshare(
          fresh[0]!.key,
          3,
          next,
          1n,
          mixedDealers.map((d) => d.public),
          mixedDealers.map((d) => shareFor(suite, d, 1n)),
        ),
      ).toThrow(expect.objectContaining({ code: 'HUB_CUSTODY', context: expect.objectContaining({ culprits: [3n] }) }))
    }
  })

  it('names a dealer who sends a wrong share, and a receiver who complains about a right one', () => {
    const suite = ed25519Suite
    const dealings = [1n, 2n, 3n].map((id) => deal(suite, id, 2))
    const dealers = dealings.map((d) => d.public)
    const good = dealings.map((d) => shareFor(suite, d, 1n))
    const wrong: DealtShare[] = good.map((s) => (s.dealer === 2n ? { ...s, share: s.share + 1n } : s))
    expect(() => finishKeygen(suite, 2, 1n, dealers, wrong)).toThrow(
      expect.objectContaining({ context: expect.objectContaining({ culprits: [2n] }) }),
    )
    expect(judgeComplaint(suite, dealers[1]!, wrong[1]!)).toBe(2n)
    expect(judgeComplaint(suite, dealers[1]!, good[1]!)).toBe(1n)
    expect(toHex(transcript(suite, dealers))).toBe(toHex(transcript(suite, [...dealers].reverse())))
    expect(toHex(transcript(suite, dealers))).not.toBe(
      toHex(transcript(suite, [dealers[0]!, dealers[1]!, deal(suite, 3n, 2).public])),
    )
    expect(() =>
      finishKeygen(suite, 2, 1n, [{ ...dealers[0]!, proof: dealers[1]!.proof }, dealers[1]!, dealers[2]!], good),
    ).toThrow(expect.objectContaining({ context: expect.objectContaining({ culprits: [1n] }) }))
  })

  it('finds every cheater of a session in one pass, and signs each nonce once', () => {
    const members = keygen(ed25519Suite, 3, 5)
    const { key } = members[0]!
    const nonces = members.map(({ secret }) => commit(key.suite, secret))
    const session = openSession(
      key,
      message,
      nonces.map((n) => n.commitment),
    )
    const shares = new Map(members.map(({ secret }, i) => [secret.identifier, signShare(session, secret, nonces[i]!)]))
    expect(() => signShare(session, members[0]!.secret, nonces[0]!)).toThrow(
      expect.objectContaining({ code: 'HUB_SIGN_TWICE' }),
    )
    expect(identifyCheaters(session, shares)).toEqual([])
    shares.set(2n, shares.get(2n)! ^ 1n)
    shares.set(5n, 0n)
    expect(identifyCheaters(session, shares)).toEqual([2n, 5n])
    expect(() =>
      openSession(
        key,
        message,
        nonces.slice(0, 2).map((n) => n.commitment),
      ),
    ).toThrow(expect.objectContaining({ code: 'HUB_CUSTODY' }))
  })

  it('gets its signature by ROAST although members stall and cheat', () => {
    const members = keygen(ed25519Suite, 3, 6)
    const { key } = members[0]!
    const roast = createRoast(key, message)
    const held = new Map<bigint, Nonces>()
    const next = (m: Membership): NonceCommitment => {
      const nonces = commit(key.suite, m.secret)
      held.set(m.secret.identifier, nonces)
      return nonces.commitment
    }
    const queue: { number: number; session: ReturnType<typeof openSession> }[] = []
    for (const m of members) {
      const session = roast.ready(next(m))
      if (session) queue.push(session)
    }
    let signature: Uint8Array | undefined
    while (queue.length > 0 && !signature) {
      const { number, session } = queue.shift()!
      for (const id of session.identifiers) {
        const m = members[Number(id) - 1]!
        if (id === 1n) continue // stalls
        const share = signShare(session, m.secret, held.get(id)!)
        const result = roast.answer(number, id, id === 4n ? share ^ 1n : share, next(m))
        signature ??= result.signature
        if (result.session) queue.push(result.session)
      }
    }
    expect(signature && verifySignature(key.suite, key.publicKey, message, signature)).toBe(true)
    expect([...roast.cheaters]).toEqual([4n])
  })

  it('gives identifiers in proportion to stake, whatever the order', () => {
    const weights = weightedIdentifiers(
      new Map([
        ['c', 1n],
        ['a', 60n],
        ['b', 39n],
      ]),
      20,
    )
    expect([...weights].map(([name, ids]) => [name, ids.length])).toEqual([
      ['a', 12],
      ['b', 7],
      ['c', 1],
    ])
    expect(new Set([...weights.values()].flat()).size).toBe(20)
  })
})

describe('the sign-once log', () => {
  it('never permits two messages in one slot, at any of 10,000 crash points', () => {
    const random = createRandom()
    let disk = new Uint8Array(0)
    const permitted = new Map<string, string>()
    for (let crash = 0; crash < 10_000; crash++) {
      const log: AppendLog = {
        read: () => disk,
        // A power loss leaves any prefix of the record behind and the call does not return.
        append: (bytes) => {
          if (random.below(2) === 0) {
            disk = new Uint8Array(concat(disk, bytes.subarray(0, random.below(bytes.length))))
            throw new Error('power lost')
          }
          disk = new Uint8Array(concat(disk, bytes))
        },
        truncate: (length) => {
          disk = disk.slice(0, length)
        },
      }
      const once = openSignOnceLog(log)
      const slot = `sequence ${crash >> 3}`
      const text = `message ${random.below(2)}`
      try {
        once.permit(slot, utf8(text))
        expect(permitted.get(slot) ?? text).toBe(text)
        permitted.set(slot, text)
      } catch (error) {
        const { code, message: reason } = error as { code?: string; message: string }
        if (code === 'HUB_SIGN_TWICE') expect(permitted.get(slot)).not.toBe(text)
        else if (reason !== 'power lost') throw error
      }
      // Keep the quadratic cost of reading it anew in bounds.
      if (crash % 64 === 63) disk = new Uint8Array(0)
      if (crash % 64 === 63) permitted.clear()
    }
  })

  it('refuses to open over damage', () => {
    let disk = new Uint8Array(0)
    const log: AppendLog = {
      read: () => disk,
      append: (bytes) => {
        disk = new Uint8Array(concat(disk, bytes))
      },
      truncate: () => {},
    }
    const once = openSignOnceLog(log)
    once.permit('1', message)
    once.permit('2', message)
    expect(once.permitted('1')).toBeDefined()
    disk[50]! ^= 1
    expect(() => openSignOnceLog(log)).toThrow(expect.objectContaining({ code: 'HUB_STORE_DAMAGED' }))
  })
})
