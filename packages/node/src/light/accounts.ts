/** Accounts, storage and code, proved under a verified state root (EIP-1186). */
import { RLP } from '@ethereumjs/rlp'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { keccak256 } from '@zos/pipeline/hash'
import {
  type AccountState,
  type AddressHex,
  decodeAccount,
  EMPTY_ACCOUNT,
  EMPTY_ROOT,
  type Hash,
  NO_CODE,
} from '../state/account.ts'
import { SourceFault } from './errors.ts'
import { bytesOf, type VerifiedHeader } from './follow.ts'
import { verifyTrieProof } from './mpt-proof.ts'
import { Recent } from './recent.ts'
import type { Ask, Sources } from './sources.ts'

/** What a proof proved, with the proof, for those who want to check it again. */
export interface ProvedAccount {
  readonly account: AccountState
  readonly accountProof: readonly string[]
  readonly slots: readonly { readonly slot: Hash; readonly value: bigint; readonly proof: readonly string[] }[]
}

const CACHED_CODES = 64

export class Accounts {
  readonly #sources: Sources
  readonly #codes = new Recent<Hash, Uint8Array>(CACHED_CODES)

  constructor(sources: Sources) {
    this.#sources = sources
  }

  prove(at: VerifiedHeader, address: AddressHex, slots: readonly Hash[] = []): Promise<ProvedAccount> {
    return this.#sources.run((ask) => proveAccount(ask, at, address, slots))
  }

  /** The code of an account whose code hash is `codeHash`, proved to be so by the caller; without it that is proved here. */
  async code(at: VerifiedHeader, address: AddressHex, proved?: Hash): Promise<Uint8Array> {
    const codeHash = proved ?? (await this.prove(at, address)).account.codeHash
    if (codeHash === NO_CODE) return new Uint8Array()
    const cached = this.#codes.get(codeHash)
    if (cached) return cached
    const code = await this.#sources.run(async (ask) => {
      const bytes = bytesOf(await ask('eth_getCode', address, hexNumber(at)))
      if (`0x${bytesToHex(keccak256(bytes))}` !== codeHash)
        throw new SourceFault(`the code of ${address} is not the one that its account names`)
      return bytes
    })
    this.#codes.set(codeHash, code)
    return code
  }
}

async function proveAccount(
  ask: Ask,
  at: VerifiedHeader,
  address: AddressHex,
  slots: readonly Hash[],
): Promise<ProvedAccount> {
  const answer = (await ask('eth_getProof', address, slots, hexNumber(at))) as {
    accountProof: string[]
    storageProof: { proof: string[] }[]
  }
  const rlp = verifyTrieProof(
    hexToBytes(at.header.stateRoot.slice(2)),
    keccak256(hexToBytes(address.slice(2))),
    answer.accountProof.map((node) => bytesOf(node)),
  )
  const account = rlp ? decodeAccount(rlp) : EMPTY_ACCOUNT
  if (answer.storageProof.length !== slots.length) throw new SourceFault('a proof for other slots')
  return {
    account,
    accountProof: answer.accountProof,
    slots: slots.map((slot, index) => {
      const { proof } = answer.storageProof[index]!
      // An account without storage needs no nodes to show that a slot is empty.
      const value =
        account.storageRoot === EMPTY_ROOT
          ? undefined
          : verifyTrieProof(
              hexToBytes(account.storageRoot.slice(2)),
              keccak256(hexToBytes(slot.slice(2))),
              proof.map((node) => bytesOf(node)),
            )
      return { slot, proof, value: value ? BigInt(`0x${bytesToHex(RLP.decode(value) as Uint8Array) || '0'}`) : 0n }
    }),
  }
}

function hexNumber({ header }: VerifiedHeader): string {
  return `0x${header.number.toString(16)}`
}
