import {
  aggregate,
  commit,
  deal,
  ed25519Suite,
  finishKeygen,
  openSession,
  shareFor,
  signShare,
} from '../../src/custody/index.ts'
import { IavlTree } from '../../src/iavl/index.ts'
import { iavlSpec, verifyMembership } from '../../src/ics23/index.ts'
import { createLocalChain, localEndpoint } from '../../src/local/index.ts'
import { connectV2, createMemoryCursors, createRelayer } from '../../src/relayer/index.ts'

const check = (what: string, holds: boolean) => {
  if (!holds) throw new Error(`${what} failed`)
}

/** Proofs, a transfer between two chains, and a threshold signature, in a page. */
export async function run(): Promise<void> {
  const text = new TextEncoder()
  const tree = new IavlTree()
  for (let i = 0; i < 100; i++) tree.set(text.encode(`key ${i}`), text.encode(`value ${i}`))
  const { hash } = tree.commit()
  const proof = tree.prove(text.encode('key 7'))
  check(
    'a membership proof',
    verifyMembership(iavlSpec, hash, proof, text.encode('key 7'), text.encode('value 7')).status === 'valid',
  )

  const a = createLocalChain({ chainId: 'alpha-1' })
  const b = createLocalChain({ chainId: 'beta-1' })
  const [ea, eb] = [localEndpoint(a), localEndpoint(b)]
  const { clientA, clientB } = await connectV2(ea, eb, 'relayer')
  a.run(() => a.bank.mint('alice', 'uzos', 5n))
  a.run(() =>
    a.transfer.sendV2(
      clientA,
      { denom: 'uzos', amount: 5n, sender: 'alice', receiver: 'bob' },
      a.now() / 1_000_000_000n + 600n,
    ),
  )
  const relayer = createRelayer({
    a: { endpoint: ea, clientId: clientA },
    b: { endpoint: eb, clientId: clientB },
    cursors: createMemoryCursors(),
    signer: 'relayer',
  })
  a.commit()
  b.commit()
  for (let i = 0; i < 4; i++) await relayer.step()
  check('a transfer', relayer.progress.acknowledged === 1)

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
  const quorum = members.slice(0, 2)
  const nonces = quorum.map(({ secret }) => commit(ed25519Suite, secret))
  const session = openSession(
    members[0]!.key,
    text.encode('zos'),
    nonces.map((n) => n.commitment),
  )
  const shares = new Map(quorum.map(({ secret }, i) => [secret.identifier, signShare(session, secret, nonces[i]!)]))
  check('a threshold signature', aggregate(session, shares).length === 64)
}
