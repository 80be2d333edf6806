import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { encodeHeader } from '../execution/header.ts'
import { type Anchor, parseMember, type TrustState, type VerifiedHeader } from './follow.ts'
import type { LightStorage } from './storage.ts'

/** The form of what is stored; another form is not read, and the node begins anew. */
const VERSION = 1

export interface StoredState {
  readonly trust: TrustState
  readonly head: Uint8Array | undefined
}

/** Reads what an earlier run has verified; undefined if there is nothing of this form. */
export async function loadState(storage: LightStorage, key: string): Promise<StoredState | undefined> {
  const bytes = await storage.get(key)
  if (!bytes) return undefined
  try {
    const { version, trust, head } = JSON.parse(new TextDecoder().decode(bytes))
    if (version !== VERSION) return undefined
    return {
      trust: {
        epoch: Number(trust.epoch),
        timeMs: Number(trust.timeMs),
        members: (trust.members as unknown[]).map(parseMember),
        anchors: trust.anchors as Anchor[],
      },
      head: head ? hexToBytes(head) : undefined,
    }
  } catch {
    return undefined
  }
}

export async function saveState(
  storage: LightStorage,
  key: string,
  trust: TrustState,
  head: VerifiedHeader | undefined,
): Promise<void> {
  const members = trust.members.map(({ address, stake, keys }) => ({
    address,
    stake: stake.toString(),
    keys: keys.map(({ scheme, key: bytes }) => ({ scheme, key: `0x${bytesToHex(bytes)}` })),
  }))
  const state = {
    version: VERSION,
    trust: { ...trust, members },
    head: head && bytesToHex(encodeHeader(head.header)),
  }
  await storage.set(key, new TextEncoder().encode(JSON.stringify(state)))
}
