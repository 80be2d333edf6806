/** The lottery of terms: the tickets and VRF outputs that have come, and those that this validator makes itself. */
import { randomBytes } from 'node:crypto'
import type { Address } from '@zos/dag'
import { type CryptonightPool, createCryptonight, createCryptonightPool } from '@zos/zpos/cryptonight'
import type { Epoch } from '../ledger/epoch.ts'
import type { KeyValueStore } from '../store/kv.ts'
import { spawnTicketWorker } from './spawn-ticket-worker.ts'
import { TicketHashes } from './ticket-hashes.ts'
import { TicketIndex } from './ticket-index.ts'
import { ticketMessage } from './ticket-message.ts'
import { TicketMiner } from './ticket-miner.ts'
import { VrfIndex } from './vrf-index.ts'
import { vrfMessage } from './vrf-message.ts'
import { VrfOutputs } from './vrf-outputs.ts'
import { VrfProver } from './vrf-prover.ts'

export interface LotteryOptions {
  readonly store: KeyValueStore
  /** Missing in a node without a stake. */
  readonly self: { readonly address: Address; readonly secretKey: Uint8Array } | undefined
  /** Hashes for one ticket. */
  readonly effort: number
  /** A ticket of this validator is ready for its next unit. */
  readonly onTicket: () => void
  readonly onFault: (error: unknown) => void
}

export async function createLottery({ store, self, effort, onTicket, onFault }: LotteryOptions) {
  const tickets = new TicketIndex()
  const cryptonight = await createCryptonight()
  const hashes = new TicketHashes({ store, compute: (data) => cryptonight.hash(data), onFault })
  const proofs = new VrfIndex()
  const outputs = new VrfOutputs({ store, onFault })
  const prover = new VrfProver({ index: proofs, outputs, self })
  let pool: CryptonightPool | undefined
  const miner = new TicketMiner({
    pool: () => {
      pool ??= createCryptonightPool({ size: 1, spawn: spawnTicketWorker })
      return pool
    },
    hashes,
    tickets,
    self: self?.address,
    effort,
    nonce: () => randomBytes(8).readBigUInt64LE(),
    onTicket,
    onFault,
  })
  return {
    tickets,
    /** What the ledger ranks by. */
    draw: { tickets, hash: hashes.hash, proofs, outputs },
    /** The ledger has moved on. */
    update(epoch: Epoch): void {
      miner.update(epoch)
      prover.update(epoch)
    },
    /** What the next unit of this validator carries. */
    take(epoch: Epoch) {
      const [ticket, proof] = [miner.take(epoch), prover.take(epoch)]
      return [...(ticket ? [ticketMessage(ticket)] : []), ...(proof ? [vrfMessage(proof)] : [])]
    },
    async stop(): Promise<void> {
      miner.stop()
      pool?.close()
    },
  }
}
