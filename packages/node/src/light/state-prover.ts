import type { AddressHex, Hash } from '../state/account.ts'
import { NO_CODE } from '../state/account.ts'
import type { Accounts } from './accounts.ts'
import type { VerifiedHeader } from './follow.ts'
import type { History } from './history.ts'
import type { StateProver } from './light-evm.ts'
import type { Sources } from './sources.ts'

const ADDRESS = /^0x[0-9a-f]{40}$/
const SLOT = /^0x[0-9a-f]{64}$/

/** Proves the state after the block `at`. */
export function createStateProver(
  at: VerifiedHeader,
  context: { readonly accounts: Accounts; readonly history: History; readonly sources: Sources },
): StateProver {
  const { accounts, history, sources } = context
  const number = `0x${at.header.number.toString(16)}`
  return {
    async account(address, slots) {
      const { account, slots: proved } = await accounts.prove(at, address, slots)
      const code = account.codeHash === NO_CODE ? new Uint8Array() : await accounts.code(at, address, account.codeHash)
      return { account, slots: proved.map(({ value }) => value), code }
    },
    blockHash: async (block) => (block > at.header.number ? undefined : (await history.header(block))?.hash),
    hint: async (transaction) => {
      const answer = await sources.run((ask) => ask('eth_createAccessList', transaction, number)).catch(() => undefined)
      return entriesOf(answer)
    },
  }
}

/** What of an answer has the form of an access list. */
function entriesOf(answer: unknown): { address: AddressHex; slots: Hash[] }[] {
  const { accessList } = (answer ?? {}) as { accessList?: unknown }
  if (!Array.isArray(accessList)) return []
  return accessList.flatMap((entry) => {
    const { address, storageKeys } = (entry ?? {}) as { address?: unknown; storageKeys?: unknown }
    if (typeof address !== 'string' || !ADDRESS.test(address) || !Array.isArray(storageKeys)) return []
    const slots = storageKeys.filter((slot): slot is Hash => typeof slot === 'string' && SLOT.test(slot))
    return [{ address: address as AddressHex, slots }]
  })
}
