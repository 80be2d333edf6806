/** The keys of the validator that a node runs, and the journals that keep it from signing twice. */
import { join } from 'node:path'
import type { Address } from '@zos/dag'
import type { Verifier } from '@zos/pipeline/verify'
import {
  type ConsensusContract,
  createMemoryGuardStore,
  createSigningGuard,
  type GuardStore,
  type SigningGuard,
} from '@zos/zpos'
import { openFileGuardStore } from '@zos/zpos/node'
import { type Bip340Signer, bip340Signer } from './bip340-signer.ts'
import { registeredIsogenyKey } from './registered-isogeny-key.ts'

export interface ValidatorKeysOptions {
  readonly secretKey: Uint8Array
  readonly isogenyKey: Uint8Array | undefined
  /** Checks what is signed. */
  readonly verifier: Verifier
  /** Whether the network signs checkpoints with both schemes. */
  readonly hybrid: boolean
  /** Where the journals lie; in memory when not given. */
  readonly dataDir: string | undefined
  readonly consensus: () => ConsensusContract
  /** Takes what has to be closed with the node. */
  readonly onOpen: (close: () => Promise<unknown>) => void
}

export class ValidatorKeys {
  readonly #options: ValidatorKeysOptions
  readonly secretKey: Uint8Array
  /** Signs units and heads. */
  readonly signer: Bip340Signer

  constructor(options: ValidatorKeysOptions) {
    this.#options = options
    this.secretKey = options.secretKey
    this.signer = bip340Signer(options.secretKey, options.verifier)
  }

  get address(): Address {
    return this.signer.address
  }

  /** The isogeny key, checked to be the registered one; undefined in a network without. Errors: those of `registeredIsogenyKey`. */
  isogenyKey(): Uint8Array | undefined {
    const { hybrid, consensus, isogenyKey } = this.#options
    return hybrid ? registeredIsogenyKey(consensus(), this.address, isogenyKey) : undefined
  }

  /** Both keys, in a network where there are two. */
  both(): { secretKey: Uint8Array; isogenyKey: Uint8Array } | undefined {
    const isogenyKey = this.isogenyKey()
    return isogenyKey && { secretKey: this.secretKey, isogenyKey }
  }

  /** A guard over the journal `name` in the data directory. */
  async guard(name: string): Promise<SigningGuard> {
    return createSigningGuard(await this.#openJournal(name))
  }

  async #openJournal(name: string): Promise<GuardStore> {
    const { dataDir, onOpen } = this.#options
    if (!dataDir) return createMemoryGuardStore()
    const journal = await openFileGuardStore(join(dataDir, name))
    onOpen(() => journal.close())
    return journal
  }
}
