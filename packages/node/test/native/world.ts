import { bytesToHex, hexToBytes } from '@ethereumjs/util'
import { CONSENSUS_ABI, CONSENSUS_ADDRESS } from '@zos/zpos'
import { Interface } from 'ethers'
import { Evm, type EvmOutcome } from '../../src/execution/evm.ts'
import { consensusSettings } from '../../src/genesis/consensus-genesis.ts'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'
import { genesisState } from '../../src/genesis/genesis.ts'
import { createConsensusNative, readConsensusContract } from '../../src/native/consensus-contract.ts'
import { createDagNative } from '../../src/native/dag-contract.ts'
import type { NativeContract } from '../../src/native/native-contract.ts'
import { type AddressHex, EMPTY_ACCOUNT } from '../../src/state/account.ts'
import { StateOverlay, type StateReader } from '../../src/state/overlay.ts'

export const ZOS = 10n ** 18n
export const consensus = new Interface(CONSENSUS_ABI)
export const CONSENSUS = CONSENSUS_ADDRESS as AddressHex
export const { genesis, accounts, validatorKeys } = devnetGenesis({ validators: 2, timestampMs: 1_000_000 })
export const USER = accounts[0]!.address
export const VALIDATOR = validatorKeys[0]!.address

const CONTEXT = {
  number: 5,
  beneficiary: `0x${'0e'.repeat(20)}` as AddressHex,
  gasLimit: 150_000_000n,
  timestamp: 2_000,
  mixHash: `0x${'07'.repeat(32)}` as const,
  baseFeePerGas: 1_000_000_000n,
}

/** The state of a devnet's genesis with an EVM on it; calls are not signed and cost nothing, but change the state. */
export async function createWorld(extra: readonly NativeContract[] = []) {
  const settings = consensusSettings(genesis)
  const evm = await Evm.create(genesis.chainId, () => undefined, [
    createConsensusNative(settings),
    createDagNative(),
    ...extra,
  ])
  let state: StateOverlay = genesisState(genesis)
  let base: StateReader = state
  const call = (
    to: AddressHex | undefined,
    data: string,
    { value = 0n, gasLimit = 10_000_000n, from = USER as AddressHex, timestamp = CONTEXT.timestamp } = {},
  ): Promise<EvmOutcome> =>
    evm.call(state, { ...CONTEXT, timestamp }, { from, to, data: hexToBytes(data as `0x${string}`), value, gasLimit })
  return {
    call,
    get state() {
      return state
    },
    contract: () => readConsensusContract(state, settings),
    balance: (address: string) => (state.account(address as AddressHex) ?? EMPTY_ACCOUNT).balance,
    async deploy(bytecode: string, args = '0x', value = 0n): Promise<AddressHex> {
      const outcome = await call(undefined, bytecode + args.slice(2), { value })
      if (!outcome.succeeded) throw new Error(`deployment failed: ${outcome.exception}`)
      return outcome.contractAddress!
    },
    /** Runs `action`; what it changed is forgotten when it resolves. */
    async sandbox<T>(action: () => Promise<T>): Promise<T> {
      const outer = { base, state }
      base = state
      state = new StateOverlay(base)
      try {
        return await action()
      } finally {
        base = outer.base
        state = outer.state
      }
    },
    /** What differs from the state that the sandbox began with, but for the nonce and balance of the sender of transactions. */
    changes(): unknown[] {
      const { accounts: held, storage } = state.changes()
      const balances = [...held].flatMap(([address, account]) => {
        const [before, after] = [base.account(address)?.balance ?? 0n, account?.balance ?? 0n]
        return address === USER || before === after ? [] : [[address, before, after]]
      })
      const slots = [...storage].flatMap(([address, changed]) =>
        [...changed].flatMap(([slot, value]) =>
          Buffer.compare(base.storage(address, slot), value) === 0 ? [] : [[address, slot, bytesToHex(value)]],
        ),
      )
      return [...balances, ...slots]
    },
  }
}

export type World = Awaited<ReturnType<typeof createWorld>>
