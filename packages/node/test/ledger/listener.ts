/** A ledger with four validators that hears what it is told, and no network. */
import { createUnit, encodeUnit, type SignatureVerifier, signerFromPrivateKey, type Unit } from '@zos/dag'
import { bip340 } from '@zos/zpos/checkpoint'
import type { Clock } from '../../src/clock.ts'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'
import { genesisCommittee } from '../../src/genesis/genesis-committee.ts'
import { createGenesisUnit } from '../../src/ledger/genesis-unit.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { UnitFlow } from '../../src/ledger/unit-flow.ts'
import { unitHash } from '../../src/ledger/unit-hash.ts'
import { TicketIndex } from '../../src/lottery/ticket-index.ts'
import { VrfIndex } from '../../src/lottery/vrf-index.ts'
import { VrfOutputs } from '../../src/lottery/vrf-outputs.ts'
import type { Network } from '../../src/p2p/network.ts'
import { createMemoryStore } from '../../src/store/kv.ts'

export const START_MS = 1_700_000_000_000
export const { genesis, validatorKeys } = devnetGenesis({ validators: 4, timestampMs: START_MS })
export const signers = validatorKeys.map(({ privateKey }) => signerFromPrivateKey(privateKey))
const verifier: SignatureVerifier = {
  verify: async (items) => items.map(({ publicKey, digest, signature }) => bip340.verify(publicKey, digest, signature)),
}

export async function unitOf(
  author: number,
  round: number,
  parents: readonly Unit[],
  timestampMs = START_MS + round,
): Promise<Unit> {
  const [first, ...others] = parents
  return createUnit(
    {
      networkId: genesis.chainId,
      parents: [first!.id, ...others.map(({ id }) => id).sort()],
      timestampMs,
      lastFinal: { mci: 0, id: root.id },
      validUntilMci: 100,
      validator: { round, selfParent: first!.id },
      messages: [],
      signers: [signers[author]!],
    },
    { hash: unitHash },
  )
}

export const root = await createGenesisUnit(genesis)
export const firstRound = await Promise.all(signers.map((_, author) => unitOf(author, 1, [root])))

/** A node that hears what it is told and can ask nobody; `later` runs what it has set a timer for. */
export async function listener(
  options: Partial<Pick<Parameters<typeof Ledger.open>[0], 'committeeOf' | 'verifier'>> = {},
) {
  const committee = genesisCommittee(genesis)
  const ledger = await Ledger.open({
    store: createMemoryStore(),
    genesis: root,
    epochRounds: 100,
    committeeOf: (epoch) => (epoch === 0 ? committee : undefined),
    lottery: {
      termRounds: 15,
      tickets: new TicketIndex(),
      hash: () => new Uint8Array(32),
      proofs: new VrfIndex(),
      outputs: new VrfOutputs({ store: createMemoryStore(), onFault: () => {} }),
    },
    verifier,
    ...options,
  })
  const timers = new Set<() => void>()
  const clock: Clock = {
    now: () => START_MS,
    elapsed: () => 0,
    after(_, action) {
      timers.add(action)
      return () => timers.delete(action)
    },
  }
  const quiet = () => {}
  const flow = new UnitFlow({
    ledger,
    clock,
    roundIntervalMs: 1_000,
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    network: () => ({ peers: () => [], fetchUnits: async function* () {} }) as unknown as Network,
    seen: quiet,
    committed: quiet,
    advanced: quiet,
    executed: async () => {},
    isBehind: async () => false,
    isClosing: () => false,
    hasFailed: () => false,
    onFault: (error) => {
      throw error
    },
  })
  const hear = (unit: Unit | Uint8Array) =>
    flow.takeGossip(unit instanceof Uint8Array ? unit : encodeUnit(unit), 'peer')
  const later = () => {
    for (const action of timers) action()
  }
  return { ledger, flow, hear, timers, later }
}
