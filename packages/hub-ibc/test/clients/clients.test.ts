import { createPublicKey, verify as opensslVerify } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, it } from 'vitest'
import {
  checkpointHeader,
  checkpointUpdate,
  checkpointVote,
  clientStates,
  cometValidators,
  signedCheckpoint,
} from '../../src/checkpoints/comet.ts'
import {
  ATTESTATION_TYPE_URLS,
  AttestationProof,
  AttestationsClientState,
  AttestationsConsensusState,
  attest,
  attestorAddress,
  createAttestationsClient,
  encodePacketAttestation,
  encodeStateAttestation,
} from '../../src/clients/attestations.ts'
import {
  CHECKPOINT_TYPE_URLS,
  type Checkpoint,
  CheckpointClientState,
  CheckpointConsensusState,
  CheckpointMisbehaviour,
  CheckpointUpdate,
  checkpointSignBytes,
  committeeHash,
  createCheckpointClient,
} from '../../src/clients/checkpoint.ts'
import {
  createSolomachineClient,
  ed25519Key,
  HEADER_PATH,
  rotationData,
  SOLOMACHINE_TYPE_URLS,
  SolomachineClientState,
  SolomachineConsensusState,
  SolomachineHeader,
  SolomachineMisbehaviour,
  signatureData,
  solomachineProof,
  solomachineSignBytes,
} from '../../src/clients/solomachine.ts'
import { createTendermintClient } from '../../src/clients/tendermint/client.ts'
import { Header, Misbehaviour, TYPE_URLS } from '../../src/clients/tendermint/messages.ts'
import { createIbcHost } from '../../src/core/host.ts'
import { createJournal, journaled } from '../../src/core/journal.ts'
import type { ClientContext, LightClientModule } from '../../src/core/light-client.ts'
import { type Any, type Height, MerkleProof } from '../../src/core/messages.ts'
import { aggregate, commit, openSession, signShare } from '../../src/custody/frost.ts'
import { deal, finishKeygen, shareFor } from '../../src/custody/keygen.ts'
import { openSignOnceLog } from '../../src/custody/sign-once.ts'
import { ed25519Suite } from '../../src/custody/suite.ts'
import { concat, utf8 } from '../../src/encoding/bytes.ts'
import { sha256 } from '../../src/hash/sha256.ts'
import { IavlTree } from '../../src/iavl/tree.ts'
import { createLocalChain, createMapStore } from '../../src/local/chain.ts'
import { multiStore } from '../../src/merkle/simple.ts'

const NANO = 1_000_000_000n
const START = 1_767_225_600n * NANO
const code = (name: string) => expect.objectContaining({ code: name })

function contextOf(now = START): ClientContext & { now: bigint } {
  return { clientId: 'client-0', store: journaled(createMapStore(), createJournal()), now }
}

/** A small store that proves itself, as a chain's `ibc` store does. */
function storeOf(entries: Record<string, string>) {
  const tree = new IavlTree()
  for (const [key, value] of Object.entries(entries)) tree.set(utf8(key), utf8(value))
  const multi = multiStore({ ibc: tree.commit().hash, bank: new Uint8Array(32).fill(1) })
  return {
    root: multi.hash,
    prove: (key: string) => MerkleProof.encode({ proofs: [tree.prove(utf8(key)), multi.prove('ibc')] }),
  }
}
const path = (key: string) => [utf8('ibc'), utf8(key)]

describe('07-tendermint over ZOS checkpoints (route A)', () => {
  const chain = createLocalChain({ chainId: 'zoshub-1', startTime: START })
  const first = chain.commit()
  const second = chain.commit()
  const third = chain.commit()
  const made = (now = START + 10n * NANO) => {
    const context = contextOf(now)
    const client = createTendermintClient()
    const states = clientStates(chain.header(first).header)
    client.initialize(context, states.clientState, states.consensusState)
    return { client, context }
  }

  it('follows checkpoints, adjacent and skipping, and knows their times', () => {
    const { client, context } = made()
    expect(client.update(context, chain.update(third, first))).toEqual({ heights: [third], frozen: false })
    expect(client.update(context, chain.update(second, first)).frozen).toBe(false)
    expect(client.latestHeight(context)).toEqual(third)
    expect(client.timestampAt(context, second)).toBe(chain.header(second).header.time)
    expect(() => client.timestampAt(context, { ...third, revisionHeight: 9n })).toThrow(code('HUB_PROOF'))
  })

  it('comes back from a freeze with the state of an active client of the same chain at a higher height, and with nothing less', () => {
    const store = createMapStore()
    const now = START + 10n * NANO
    const host = createIbcHost({
      store,
      clock: { now: () => now, height: () => ({ revisionNumber: 1n, revisionHeight: 9n }) },
      lightClients: [createTendermintClient()],
    })
    const create = (height: Height, options: Parameters<typeof clientStates>[1] = {}) => {
      const states = clientStates(chain.header(height).header, options)
      const made = host.deliver({ typeUrl: '/ibc.core.client.v1.MsgCreateClient', ...states, signer: 'x' })
      return (made as { result: string }).result
    }
    const subject = create(second)
    const recover = (by: string) => host.run(() => host.recoverClient(subject, by))
    expect(() => recover(create(third))).toThrow(/active client needs no recovery/)
    // The same keys sign another header of the height.
    const fork = createLocalChain({ chainId: 'zoshub-1', startTime: START + 1n })
    const forked = [fork.commit(), fork.commit(), fork.commit()]
    const evidence = Misbehaviour.encode({
      clientId: subject,
      header1: Header.decode(chain.update(third, second).value),
      header2: Header.decode(fork.update(forked[2]!, second).value),
    })
    const frozen = host.deliver({
      typeUrl: '/ibc.core.client.v1.MsgUpdateClient',
      clientId: subject,
      clientMessage: { typeUrl: TYPE_URLS.misbehaviour, value: evidence },
      signer: 'x',
    })
    expect(frozen).toMatchObject({ status: 'done' })
    expect(host.clientStatus(subject)).toBe('frozen')
    expect(() => recover(create(first))).toThrow(/higher height/)
    expect(() => recover(create(third, { maxClockDrift: 1n }))).toThrow(/other rules/)
    expect(() => recover(subject)).toThrow(code('HUB_CLIENT_INACTIVE'))
    expect(host.clientStatus(subject)).toBe('frozen')
    recover(create(third))
    expect(host.clientStatus(subject)).toBe('active')
    expect(host.clientHeight(subject)).toEqual(third)
  })

  it('its votes are plain Ed25519 signatures that OpenSSL accepts', () => {
    const { header, commit: signed } = chain.header(second)
    const set = Header.decode(chain.update(second, first).value).validatorSet!.validators
    set.forEach((validator, i) => {
      const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), validator.pubKey.ed25519])
      const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
      expect(opensslVerify(null, checkpointVote(header, set, i).signBytes, key, signed.signatures[i]!.signature)).toBe(
        true,
      )
    })
  })

  it('refuses too few signatures, other chains, forged votes, and headers from the future', () => {
    const weak = createLocalChain({ chainId: 'zoshub-1', startTime: START, absent: 2 })
    weak.commit()
    weak.commit()
    const { client, context } = made()
    expect(() => client.update(context, weak.update(second, first))).toThrow(code('HUB_CLIENT_UPDATE'))
    const other = createLocalChain({ chainId: 'other-1', startTime: START })
    other.commit()
    other.commit()
    expect(() => client.update(context, other.update(second, first))).toThrow(code('HUB_CLIENT_UPDATE'))
    const forged = Header.decode(chain.update(second, first).value)
    forged.signedHeader!.header!.appHash = sha256(utf8('mine'))
    expect(() => client.update(context, { typeUrl: TYPE_URLS.header, value: Header.encode(forged) })).toThrow(
      code('HUB_CLIENT_UPDATE'),
    )
    const early = made(START - 30n * NANO)
    expect(() => early.client.update(early.context, chain.update(second, first))).toThrow(code('HUB_CLIENT_UPDATE'))
  })

  it('expires, and freezes on two headers of one height', () => {
    const late = made(START + 15n * 86_400n * NANO)
    expect(late.client.status(late.context)).toBe('expired')
    const { client, context } = made()
    client.update(context, chain.update(second, first))
    // The same validators sign another state at the same height.
    const fork = createLocalChain({ chainId: 'zoshub-1', startTime: START })
    fork.commit()
    fork.tree.set(utf8('fork'), utf8('1'))
    fork.commit()
    const evidence = {
      typeUrl: TYPE_URLS.misbehaviour,
      value: Misbehaviour.encode({
        header1: Header.decode(chain.update(second, first).value),
        header2: Header.decode(fork.update(second, first).value),
      }),
    }
    const same = Header.decode(chain.update(second, first).value)
    expect(() =>
      client.update(context, {
        typeUrl: TYPE_URLS.misbehaviour,
        value: Misbehaviour.encode({ header1: same, header2: same }),
      }),
    ).toThrow(code('HUB_CLIENT_UPDATE'))
    expect(client.update(context, evidence).frozen).toBe(true)
    expect(client.status(context)).toBe('frozen')
    const again = made()
    again.client.update(again.context, chain.update(second, first))
    expect(again.client.update(again.context, fork.update(second, first)).frozen).toBe(true)
  })

  it('freezes on a header whose time does not fit its height', () => {
    const { client, context } = made()
    client.update(context, chain.update(third, first))
    // The same validators, whose second block is later than the third that the client knows.
    const late = createLocalChain({ chainId: 'zoshub-1', startTime: START + 5n * NANO })
    late.commit()
    late.commit()
    expect(client.update(context, late.update(second, first)).frozen).toBe(true)
  })

  it('holds a header to every rule of the light client, whoever signed it', () => {
    const keys = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => sha256(utf8(name)))
    const setOf = (secrets: Uint8Array[]) =>
      cometValidators(secrets.map((k) => ({ publicKey: ed25519.getPublicKey(k), stake: 10n })))
    const [set, other] = [setOf(keys.slice(0, 3)), setOf(keys.slice(3))]
    const secretOf = (key: Uint8Array) => keys.find((k) => Buffer.from(ed25519.getPublicKey(k)).equals(key))!
    const block = (height: bigint, time: bigint, validators = set) => {
      const header = checkpointHeader({
        chainId: 'zoshub-1',
        height,
        time,
        appHash: sha256(utf8(`${height}`)),
        validators,
        nextValidators: set,
        unit: sha256(utf8('u')),
        mainChainIndex: height,
      })
      const signatures = validators.map((v, i) =>
        ed25519.sign(checkpointVote(header, validators, i).signBytes, secretOf(v.pubKey.ed25519)),
      )
      return signedCheckpoint(header, validators, signatures)
    }
    const trusted = { revisionNumber: 1n, revisionHeight: 5n }
    const tried = (signed: ReturnType<typeof block>, validators = set, now = START + 100n * NANO) => {
      const client = createTendermintClient()
      const context = contextOf(now)
      const states = clientStates(block(5n, START).header)
      client.initialize(context, states.clientState, states.consensusState)
      return () => client.update(context, checkpointUpdate(signed, validators, trusted, set))
    }
    expect(tried(block(6n, START + NANO))().frozen).toBe(false)
    expect(tried(block(9n, START + NANO))().frozen).toBe(false)
    const old = START + 14n * 86_400n * NANO
    expect(tried(block(6n, START + NANO), set, old)).toThrow(/older than the trusting period/)
    expect(tried(block(4n, START + NANO))).toThrow(/not above the trusted height/)
    expect(tried(block(6n, START))).toThrow(/not later than the trusted one/)
    expect(tried(block(6n, START + NANO, other), other)).toThrow(/not the announced one/)
    expect(tried(block(9n, START + NANO, other), other)).toThrow(/too little of the trusted set/)
    // One vote thrice is not three votes.
    const good = block(6n, START + NANO)
    const [vote] = good.commit!.signatures
    const commit = { ...good.commit!, signatures: [vote!, vote!, vote!] }
    expect(tried({ ...good, commit })).toThrow(/votes twice/)
  })

  it('checks a vote once for both sets of a step that skips heights, and never by another key than its own', () => {
    let checks = 0
    const client = createTendermintClient({
      verifySignature: (pubKey, message, signature) => {
        checks++
        return ed25519.verify(signature, message, pubKey.ed25519)
      },
    })
    const context = contextOf(START + 10n * NANO)
    const states = clientStates(chain.header(first).header)
    client.initialize(context, states.clientState, states.consensusState)
    client.update(context, chain.update(third, first))
    // Three of four equal validators are more than two thirds.
    expect(checks).toBe(3)

    const [a, b, d] = ['a', 'b', 'd'].map((name) => sha256(utf8(name))) as [Uint8Array, Uint8Array, Uint8Array]
    const setOf = (...stakes: [Uint8Array, bigint][]) =>
      cometValidators(stakes.map(([k, stake]) => ({ publicKey: ed25519.getPublicKey(k), stake })))
    const [set, other] = [setOf([a, 20n], [b, 10n]), setOf([d, 10n])]
    const header = (height: bigint, validators: typeof set) =>
      checkpointHeader({
        chainId: 'zoshub-1',
        height,
        time: START + height * NANO,
        appHash: sha256(utf8(`${height}`)),
        validators,
        nextValidators: set,
        unit: sha256(utf8('u')),
        mainChainIndex: height,
      })
    const forged = header(9n, other)
    // Signed by a in the name of d, and a stands in the trusted set under the address of d, which no hash covers.
    const signed = signedCheckpoint(forged, other, [ed25519.sign(checkpointVote(forged, other, 0).signBytes, a)])
    const trustedSet = set.map((v) => (v.votingPower === 20n ? { ...v, address: other[0]!.address } : v))
    const subject = createTendermintClient()
    const start = contextOf(START + 100n * NANO)
    const trusted = { revisionNumber: 1n, revisionHeight: 5n }
    const first5 = clientStates(header(5n, set))
    subject.initialize(start, first5.clientState, first5.consensusState)
    expect(() => subject.update(start, checkpointUpdate(signed, other, trusted, trustedSet))).toThrow(
      /signature of validator .* is wrong/,
    )
  })

  it('follows a change of the validator set', () => {
    const keys = ['a', 'b', 'c', 'd'].map((name) => sha256(utf8(name)))
    const set = cometValidators(keys.slice(0, 3).map((k) => ({ publicKey: ed25519.getPublicKey(k), stake: 10n })))
    const next = cometValidators(keys.slice(1).map((k) => ({ publicKey: ed25519.getPublicKey(k), stake: 10n })))
    const secretOf = (key: Uint8Array) => keys.find((k) => Buffer.from(ed25519.getPublicKey(k)).equals(key))!
    const block = (height: bigint, validators: typeof set, nextValidators: typeof set) => {
      const header = checkpointHeader({
        chainId: 'zoshub-1',
        height,
        time: START + height * NANO,
        appHash: sha256(utf8(`${height}`)),
        validators,
        nextValidators,
        unit: sha256(utf8('u')),
        mainChainIndex: height,
      })
      return signedCheckpoint(
        header,
        validators,
        validators.map((v, i) =>
          ed25519.sign(checkpointVote(header, validators, i).signBytes, secretOf(v.pubKey.ed25519)),
        ),
      )
    }
    const blocks = [block(1n, set, next), block(2n, next, next)]
    const client = createTendermintClient()
    const context = contextOf(START + 5n * NANO)
    const states = clientStates(blocks[0]!.header)
    client.initialize(context, states.clientState, states.consensusState)
    const trusted = { revisionNumber: 1n, revisionHeight: 1n }
    expect(client.update(context, checkpointUpdate(blocks[1]!, next, trusted, next)).frozen).toBe(false)
  })
})

describe('06-solomachine behind a threshold key (route C)', () => {
  const ids = [1n, 2n, 3n]
  const dealings = ids.map((id) => deal(ed25519Suite, id, 2))
  const members = ids.map((id) =>
    finishKeygen(
      ed25519Suite,
      2,
      id,
      dealings.map((d) => d.public),
      dealings.map((d) => shareFor(ed25519Suite, d, id)),
    ),
  )
  const key = members[0]!.key
  const sign = (message: Uint8Array) => {
    const quorum = [members[0]!, members[2]!]
    const nonces = quorum.map((m) => commit(ed25519Suite, m.secret))
    const session = openSession(
      key,
      message,
      nonces.map((n) => n.commitment),
    )
    return aggregate(
      session,
      new Map(quorum.map((m, i) => [m.secret.identifier, signShare(session, m.secret, nonces[i]!)])),
    )
  }
  const made = () => {
    const client = createSolomachineClient()
    const context = contextOf()
    const consensusState = { publicKey: ed25519Key(key.publicKey), diversifier: 'zos', timestamp: START }
    client.initialize(
      context,
      {
        typeUrl: SOLOMACHINE_TYPE_URLS.clientState,
        value: SolomachineClientState.encode({ sequence: 1n, consensusState }),
      },
      { typeUrl: SOLOMACHINE_TYPE_URLS.consensusState, value: SolomachineConsensusState.encode(consensusState) },
    )
    return { client, context }
  }
  const state = (sequence: bigint, value: string) => ({
    sequence,
    timestamp: START + 1n,
    diversifier: 'zos',
    key: utf8('k'),
    value: utf8(value),
  })

  it('accepts the group’s proof once, in sequence, and absence too', () => {
    const { client, context } = made()
    const height = { revisionNumber: 0n, revisionHeight: 0n }
    const proof = solomachineProof(sign(solomachineSignBytes(state(1n, 'v'))), START + 1n)
    expect(() => client.verifyMembership(context, height, proof, path('k'), utf8('w'))).toThrow(code('HUB_PROOF'))
    expect(() => client.verifyMembership(context, height, proof, [utf8('k')], utf8('v'))).toThrow(code('HUB_PROOF'))
    client.verifyMembership(context, height, proof, path('k'), utf8('v'))
    expect(() => client.verifyMembership(context, height, proof, path('k'), utf8('v'))).toThrow(code('HUB_PROOF'))
    const absence = solomachineProof(sign(solomachineSignBytes(state(2n, ''))), START + 1n)
    client.verifyNonMembership(context, height, absence, path('k'))
    // What the group signed for an earlier time than the client has seen.
    const early = solomachineProof(sign(solomachineSignBytes({ ...state(3n, 'v'), timestamp: START })), START)
    expect(() => client.verifyMembership(context, height, early, path('k'), utf8('v'))).toThrow(/older than the client/)
    expect(client.latestHeight(context).revisionHeight).toBe(3n)
  })

  it('rotates to a new key by the old one, and freezes on two signatures for one sequence', () => {
    const { client, context } = made()
    const newKey = ed25519Key(ed25519.getPublicKey(sha256(utf8('new'))))
    const header = (signature: Uint8Array) => ({
      typeUrl: SOLOMACHINE_TYPE_URLS.header,
      value: SolomachineHeader.encode({
        timestamp: START + 2n,
        signature: signatureData(signature),
        newPublicKey: newKey,
        newDiversifier: 'zos2',
      }),
    })
    const signBytes = solomachineSignBytes({
      sequence: 1n,
      timestamp: START + 2n,
      diversifier: 'zos',
      key: HEADER_PATH,
      value: rotationData(newKey, 'zos2'),
    })
    expect(() => client.update(context, header(new Uint8Array(64)))).toThrow(code('HUB_CLIENT_UPDATE'))
    client.update(context, header(sign(signBytes)))
    expect(client.timestampAt(context, client.latestHeight(context))).toBe(START + 2n)

    const double = made()
    const part = (value: string) => ({
      signature: signatureData(sign(solomachineSignBytes(state(1n, value)))),
      path: utf8('k'),
      data: utf8(value),
      timestamp: START + 1n,
    })
    const evidence = (a: string, b: string) => ({
      typeUrl: SOLOMACHINE_TYPE_URLS.misbehaviour,
      value: SolomachineMisbehaviour.encode({ sequence: 1n, signatureOne: part(a), signatureTwo: part(b) }),
    })
    expect(() => double.client.update(double.context, evidence('x', 'x'))).toThrow(code('HUB_CLIENT_UPDATE'))
    expect(double.client.update(double.context, evidence('x', 'y')).frozen).toBe(true)
    expect(double.client.status(double.context)).toBe('frozen')
  })

  it('the sign-once log keeps an honest committee from ever making that evidence', () => {
    let disk = new Uint8Array(0)
    const log = openSignOnceLog({
      read: () => disk,
      append: (b) => {
        disk = new Uint8Array(concat(disk, b))
      },
      truncate: () => {},
    })
    const slot = 'chain/06-solomachine-0/1'
    log.permit(slot, solomachineSignBytes(state(1n, 'x')))
    log.permit(slot, solomachineSignBytes(state(1n, 'x')))
    expect(() => log.permit(slot, solomachineSignBytes(state(1n, 'y')))).toThrow(code('HUB_SIGN_TWICE'))
  })
})

describe('attestations (route B)', () => {
  const keys = ['a', 'b', 'c', 'd'].map((name) => sha256(utf8(name)))
  const any = (typeUrl: string, value: Uint8Array): Any => ({ typeUrl, value })
  const made = (minRequiredSigs = 3) => {
    const client = createAttestationsClient()
    const context = contextOf()
    client.initialize(
      context,
      any(
        ATTESTATION_TYPE_URLS.clientState,
        AttestationsClientState.encode({
          attestorAddresses: keys.map(attestorAddress),
          minRequiredSigs,
          latestHeight: 5n,
        }),
      ),
      any(ATTESTATION_TYPE_URLS.consensusState, AttestationsConsensusState.encode({ timestamp: START })),
    )
    return { client, context }
  }
  const signed = (kind: 'state' | 'packet', data: Uint8Array, signers = keys.slice(0, 3)) =>
    AttestationProof.encode({ attestationData: data, signatures: signers.map((k) => attest(k, kind, data)) })
  const at = (revisionHeight: bigint) => ({ revisionNumber: 0n, revisionHeight })
  const update = (client: LightClientModule, context: ClientContext, data: Uint8Array, signers = keys.slice(0, 3)) =>
    client.update(context, any(ATTESTATION_TYPE_URLS.proof, signed('state', data, signers)))

  it('a quorum moves the client and proves commitments and absence', () => {
    const { client, context } = made()
    update(client, context, encodeStateAttestation(6n, START / NANO + 1n))
    expect(client.timestampAt(context, at(6n))).toBe(START + NANO)
    const commitment = sha256(utf8('packet'))
    const data = encodePacketAttestation(6n, [
      { path: utf8('p'), commitment },
      { path: utf8('q'), commitment: new Uint8Array(32) },
    ])
    client.verifyMembership(context, at(6n), signed('packet', data), [utf8('p')], commitment)
    client.verifyNonMembership(context, at(6n), signed('packet', data), [utf8('q')])
    const wrong: (() => void)[] = [
      () => client.verifyMembership(context, at(6n), signed('packet', data), [utf8('q')], commitment),
      () => client.verifyMembership(context, at(6n), signed('packet', data), [utf8('r')], commitment),
      () => client.verifyNonMembership(context, at(6n), signed('packet', data), [utf8('p')]),
      () => client.verifyMembership(context, at(5n), signed('packet', data), [utf8('p')], commitment),
      () => client.verifyMembership(context, at(6n), signed('packet', data, keys.slice(0, 2)), [utf8('p')], commitment),
      () =>
        client.verifyMembership(
          context,
          at(6n),
          signed('packet', data, [keys[0]!, keys[0]!, keys[1]!]),
          [utf8('p')],
          commitment,
        ),
      () =>
        client.verifyMembership(
          context,
          at(6n),
          signed('packet', data, [keys[0]!, keys[1]!, sha256(utf8('x'))]),
          [utf8('p')],
          commitment,
        ),
      // Enough signed, and one of them twice.
      () =>
        client.verifyMembership(
          context,
          at(6n),
          signed('packet', data, [...keys.slice(0, 3), keys[0]!]),
          [utf8('p')],
          commitment,
        ),
      // A state's signature is not a packet's.
      () => client.verifyMembership(context, at(6n), signed('state', data), [utf8('p')], commitment),
      () => client.verifyMembership(context, at(6n), signed('packet', data), [utf8('ibc'), utf8('p')], commitment),
    ]
    for (const attempt of wrong) expect(attempt).toThrow(code('HUB_PROOF'))
  })

  it('freezes on two times of one height, and is never one of one', () => {
    const { client, context } = made()
    expect(update(client, context, encodeStateAttestation(6n, 100n)).frozen).toBe(false)
    expect(update(client, context, encodeStateAttestation(6n, 100n)).frozen).toBe(false)
    expect(update(client, context, encodeStateAttestation(6n, 101n)).frozen).toBe(true)
    expect(client.status(context)).toBe('frozen')
    expect(() => made(1)).toThrow(code('HUB_CLIENT_UPDATE'))
    expect(() => made(5)).toThrow(code('HUB_CLIENT_UPDATE'))
  })
})

describe('the native checkpoint client', () => {
  const secrets = ['a', 'b', 'c', 'd', 'e'].map((name) => sha256(utf8(name)))
  const member = (secret: Uint8Array, stake = 10n) => ({
    publicKey: ed25519.getPublicKey(secret),
    isogenyKey: sha256(secret),
    stake,
  })
  const committee = secrets.slice(0, 4).map((s) => member(s))
  const later = secrets.slice(1).map((s) => member(s))
  // A stand-in with the same shape as SQIsign's verifier: what matters here is that both must hold.
  const isogenySign = (secret: Uint8Array, message: Uint8Array) => sha256(concat(sha256(secret), message))
  const verifyIsogeny = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
    Buffer.from(sha256(concat(publicKey, message))).equals(signature)
  const store = storeOf({ k: 'v' })
  const checkpoint = (change: Partial<Checkpoint> = {}): Checkpoint => ({
    networkId: 'zos-main',
    epoch: 1n,
    number: 2n,
    mainChainIndex: 20n,
    unit: sha256(utf8('unit')),
    time: START + NANO,
    stateRoot: store.root,
    committeeHash: committeeHash(committee),
    nextCommitteeHash: committeeHash(committee),
    rulesHash: sha256(utf8('rules')),
    ...change,
  })
  const sign = (value: Checkpoint, who = [0, 1, 2], keys = secrets) => ({
    checkpoint: value,
    shares: who.map((i) => ({
      member: i,
      signature: ed25519.sign(checkpointSignBytes(value), keys[i]!),
      isogenySignature: isogenySign(keys[i]!, checkpointSignBytes(value)),
    })),
  })
  const update = (signed: ReturnType<typeof sign>, nextCommittee?: typeof committee) => ({
    typeUrl: CHECKPOINT_TYPE_URLS.update,
    value: CheckpointUpdate.encode({ signed, nextCommittee: nextCommittee && { members: nextCommittee } }),
  })
  const made = (hybrid = true, module = createCheckpointClient({ verifyIsogeny })) => {
    const context = contextOf(START + 5n * NANO)
    module.initialize(
      context,
      {
        typeUrl: CHECKPOINT_TYPE_URLS.clientState,
        value: CheckpointClientState.encode({
          networkId: 'zos-main',
          trustingPeriod: 1000n * NANO,
          maxClockDrift: 10n * NANO,
          latestNumber: 1n,
          epoch: 1n,
          committee: { members: committee },
          hybrid,
        }),
      },
      {
        typeUrl: CHECKPOINT_TYPE_URLS.consensusState,
        value: CheckpointConsensusState.encode({
          time: START,
          stateRoot: store.root,
          checkpointHash: sha256(utf8('genesis')),
        }),
      },
    )
    return { client: module, context }
  }

  it('follows a quorum, hands over to the next committee, and proves state', () => {
    const { client, context } = made()
    client.update(context, update(sign(checkpoint({ nextCommitteeHash: committeeHash(later) })), later))
    client.verifyMembership(context, { revisionNumber: 0n, revisionHeight: 2n }, store.prove('k'), path('k'), utf8('v'))
    client.verifyNonMembership(context, { revisionNumber: 0n, revisionHeight: 2n }, store.prove('x'), path('x'))
    const next = checkpoint({
      number: 3n,
      time: START + 2n * NANO,
      committeeHash: committeeHash(later),
      nextCommitteeHash: committeeHash(later),
    })
    expect(() => client.update(context, update(sign(checkpoint({ number: 3n, time: START + 2n * NANO }))))).toThrow(
      code('HUB_CLIENT_UPDATE'),
    )
    expect(client.update(context, update(sign(next, [0, 1, 2], secrets.slice(1)))).frozen).toBe(false)
  })

  it('needs more than two thirds of the stake, both signatures each, and everything as announced', () => {
    const { client, context } = made()
    const wrong = [
      update(sign(checkpoint(), [0, 1])),
      update(sign(checkpoint(), [0, 0, 1])),
      update(sign(checkpoint({ networkId: 'other' }))),
      update(sign(checkpoint({ time: START }))),
      update(sign(checkpoint({ time: START + 100n * NANO }))),
      update(sign(checkpoint({ number: 1n, epoch: 0n }))),
      update(sign(checkpoint({ nextCommitteeHash: committeeHash(later) }))),
      update(sign(checkpoint({ nextCommitteeHash: committeeHash(later) })), committee),
    ]
    const half = sign(checkpoint())
    half.shares[1]!.isogenySignature = new Uint8Array(32)
    const forged = sign(checkpoint())
    forged.shares[1]!.signature = new Uint8Array(64)
    const results = [...wrong, update(half), update(forged)].map((message) => {
      try {
        return client.update(context, message).frozen ? 'frozen' : 'taken'
      } catch (error) {
        return (error as { code: string }).code
      }
    })
    // The sixth contradicts the checkpoint that the client started from, signed by a quorum: that is misbehaviour.
    expect(results).toEqual([...Array(5).fill('HUB_CLIENT_UPDATE'), 'frozen', ...Array(4).fill('HUB_CLIENT_UPDATE')])
    // Of this committee's members, in the name of another.
    const named = { committeeHash: committeeHash(later), nextCommitteeHash: committeeHash(later) }
    const fresh = made()
    expect(() => fresh.client.update(fresh.context, update(sign(checkpoint(named))))).toThrow(/another committee/)
    expect(() => made(true, createCheckpointClient())).toThrow(code('HUB_CLIENT_UPDATE'))
    const classical = made(false, createCheckpointClient())
    expect(classical.client.update(classical.context, update(half)).frozen).toBe(false)
  })

  it('forgets checkpoints that are older than its trusting period, one an update, and never the newest', () => {
    const { client, context } = made()
    for (let number = 2n; number <= 12n; number++) {
      const time = START + (number - 1n) * 300n * NANO
      context.now = time
      client.update(context, update(sign(checkpoint({ number, time }))))
    }
    const known = (number: bigint) => client.timestampAt(context, { revisionNumber: 0n, revisionHeight: number })
    // A thousand seconds are trusted, three checkpoints and a bit.
    for (const gone of [1n, 5n, 8n]) expect(() => known(gone)).toThrow(code('HUB_PROOF'))
    expect([9n, 10n, 11n, 12n].map(known)).toEqual([8n, 9n, 10n, 11n].map((n) => START + n * 300n * NANO))
  })

  it('freezes on two checkpoints of one number, and expires', () => {
    const { client, context } = made()
    const evidence = (a: Checkpoint, b: Checkpoint) => ({
      typeUrl: CHECKPOINT_TYPE_URLS.misbehaviour,
      value: CheckpointMisbehaviour.encode({ first: sign(a), second: sign(b) }),
    })
    expect(() => client.update(context, evidence(checkpoint(), checkpoint()))).toThrow(code('HUB_CLIENT_UPDATE'))
    expect(() => client.update(context, evidence(checkpoint(), checkpoint({ number: 3n })))).toThrow(
      code('HUB_CLIENT_UPDATE'),
    )
    expect(client.update(context, evidence(checkpoint(), checkpoint({ mainChainIndex: 21n }))).frozen).toBe(true)
    expect(client.status(context)).toBe('frozen')
    const old = made()
    expect(old.client.status({ ...old.context, now: START + 2000n * NANO })).toBe('expired')
  })
})
