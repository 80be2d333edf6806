/** The slashing-protection database (C15): many keys, one journal, interchange with every client that speaks EIP-3076. */
import { ZposError } from '../errors.ts'
import type { GuardStore } from './guard-store.ts'
import {
  type KeyHistory,
  readInterchange,
  type SignedAttestation,
  type SignedBlock,
  writeInterchange,
} from './interchange.ts'
import { decodeJournal, encodeRecord } from './journal.ts'
import { createCompleteHistory, createMinimalHistory, type SigningHistory } from './signing-history.ts'

/**
 * `minimal` keeps three numbers a key, and refuses everything that is not above them: right for a validator. `complete` keeps all
 * that was ever signed, and so can tell a repeated signature from a contradicting one.
 */
export type ProtectionMode = 'minimal' | 'complete'

/** Settings of {@link openSlashingProtection}. */
export interface SlashingProtectionOptions {
  readonly store: GuardStore
  /** The chain, as 32 bytes in hexadecimal: the id of the genesis unit (EIP-3076: `genesis_validators_root`). */
  readonly chain: string
  /** Default `minimal`. A complete journal opens as minimal; a minimal one never as complete. */
  readonly mode?: ProtectionMode
}

/** Says which signatures are safe, and remembers them. Keys are public keys in hexadecimal. */
export interface SlashingProtection {
  /**
   * Asks to sign a block (for ZOS: a unit; slot = round). Resolves once the record would survive a power cut; sign only then.
   * Rejects with `ZPOS_WOULD_SIGN_TWICE`.
   */
  signBlock(pubkey: string, block: SignedBlock): Promise<void>
  /** The same for an attestation (for ZOS: the checkpoint of epoch `target`; source = the epoch before). */
  signAttestation(pubkey: string, attestation: SignedAttestation): Promise<void>
  /**
   * Takes over what another client has signed; known records stay. Data that already contradicts itself is taken too: it
   * only makes the guard stricter. Rejects with `ZPOS_INTERCHANGE_REFUSED` and changes nothing if the document is malformed
   * or of another chain.
   */
  import(document: unknown): Promise<void>
  /** All keys' history as an interchange document. */
  export(): object
}

type JournalRecord =
  | { readonly chain: string; readonly mode: ProtectionMode }
  | { readonly key: string; readonly slot: string; readonly root?: string }
  | { readonly key: string; readonly source: string; readonly target: string; readonly root?: string }

/**
 * Opens the database over its journal. In minimal mode a long journal is rewritten to its three numbers a key.
 *
 * Rejects with `ZPOS_JOURNAL_DOUBTFUL` if the journal is damaged anywhere but at a torn end, is of another chain, or was
 * kept as minimal and is asked to be complete.
 */
export async function openSlashingProtection(options: SlashingProtectionOptions): Promise<SlashingProtection> {
  const { store, mode = 'minimal' } = options
  const chain = options.chain.toLowerCase()
  const histories = new Map<string, SigningHistory>()

  function historyOf(pubkey: string): SigningHistory {
    const key = pubkey.toLowerCase()
    const known = histories.get(key)
    if (known !== undefined) return known
    const made = mode === 'minimal' ? createMinimalHistory() : createCompleteHistory()
    histories.set(key, made)
    return made
  }

  function recordsOf(history: KeyHistory): JournalRecord[] {
    const signed = (root: string | undefined) => (root === undefined ? {} : { root })
    const key = history.pubkey.toLowerCase()
    return [
      ...history.blocks.map(({ slot, signingRoot }) => ({ key, slot: String(slot), ...signed(signingRoot) })),
      ...history.attestations.map(({ source, target, signingRoot }) => ({
        key,
        source: String(source),
        target: String(target),
        ...signed(signingRoot),
      })),
    ]
  }

  function apply(record: JournalRecord): void {
    if ('slot' in record) historyOf(record.key).addBlock({ slot: BigInt(record.slot), signingRoot: record.root })
    else if ('target' in record) {
      const { source, target, root } = record
      historyOf(record.key).addAttestation({ source: BigInt(source), target: BigInt(target), signingRoot: root })
    }
  }

  function encodeAll(records: readonly JournalRecord[]): Uint8Array {
    return Uint8Array.from(records.flatMap((record) => [...encodeRecord(record)]))
  }

  const bytes = await store.read()
  const { records, clean } = decodeJournal(bytes)
  const [first, ...rest] = records as JournalRecord[]
  if (first === undefined) await store.replace(encodeRecord({ chain, mode } satisfies JournalRecord))
  else {
    if (!('chain' in first) || first.chain !== chain || (mode === 'complete' && first.mode !== 'complete')) {
      throw new ZposError('ZPOS_JOURNAL_DOUBTFUL', `the journal is not a ${mode} one of chain ${chain}`, {
        found: first,
      })
    }
    for (const record of rest) apply(record)
    const shrink = mode === 'minimal' && rest.length > 3 * histories.size
    if (shrink || clean < bytes.length) {
      const kept = shrink ? [...histories].flatMap(([key, history]) => recordsOf(history.export(key))) : rest
      await store.replace(encodeAll([{ chain, mode }, ...kept]))
    }
  }

  let queue: Promise<unknown> = Promise.resolve()
  function inTurn<T>(job: () => Promise<T>): Promise<T> {
    const result = queue.then(job)
    queue = result.catch(() => undefined)
    return result
  }

  async function write(history: KeyHistory): Promise<void> {
    const lines = recordsOf(history)
    await store.append(encodeAll(lines))
    for (const line of lines) apply(line)
  }

  function wouldSignTwice(pubkey: string, fault: string): ZposError {
    return new ZposError('ZPOS_WOULD_SIGN_TWICE', `refused to sign with ${pubkey}: ${fault}`, { pubkey, fault })
  }

  return {
    signBlock: (pubkey, block) =>
      inTurn(async () => {
        const fault = historyOf(pubkey).faultOfBlock(block)
        if (fault !== undefined) throw wouldSignTwice(pubkey, fault)
        await write({ pubkey, blocks: [block], attestations: [] })
      }),
    signAttestation: (pubkey, attestation) =>
      inTurn(async () => {
        const fault = historyOf(pubkey).faultOfAttestation(attestation)
        if (fault !== undefined) throw wouldSignTwice(pubkey, fault)
        await write({ pubkey, blocks: [], attestations: [attestation] })
      }),
    import: (document) =>
      inTurn(async () => {
        for (const history of readInterchange(document, chain)) await write(history)
      }),
    export: () =>
      writeInterchange(
        [...histories].map(([key, history]) => history.export(key)),
        chain,
      ),
  }
}
