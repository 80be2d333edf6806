/** The consensus contract before block 1: the genesis validators are registered and bonded, and elected for the first two epochs. */
import { hexToBytes } from '@ethereumjs/util'
import type { Address } from '@zos/dag'
import { CONSENSUS_ADDRESS, type ContractParams, EMPTY_POOL, keyAddress } from '@zos/zpos'
import { SCHEME_SQISIGN } from '@zos/zpos/checkpoint'
import { schemesOf } from '../checkpoint/members.ts'
import { NodeError } from '../errors.ts'
import { type ConsensusSettings, openConsensusContract } from '../native/consensus-contract.ts'
import { DAG_ADDRESS } from '../native/dag-contract.ts'
import { type AddressHex, EMPTY_ACCOUNT } from '../state/account.ts'
import type { StateOverlay } from '../state/overlay.ts'
import type { Genesis, GenesisValidator } from './genesis-file.ts'

/** INVALID: what stands at the address of a native contract, so that Solidity's check for code passes. */
const PLACEHOLDER = Uint8Array.of(0xfe)
const NO_VRF_KEY = '00'.repeat(32)

/** The rules of the consensus contract on the network of `genesis`. */
export function consensusSettings({ chainId, consensus = {}, validators }: Genesis): ConsensusSettings {
  const { minSelfBond, minDelegation, ...numbers } = consensus
  const params: { -readonly [K in keyof ContractParams]?: ContractParams[K] } = {
    ...numbers,
    electionLead: 1,
    requireIsogenyKey: schemesOf({ validators }).includes(SCHEME_SQISIGN),
  }
  if (minSelfBond !== undefined) params.minSelfBond = BigInt(minSelfBond)
  if (minDelegation !== undefined) params.minDelegation = BigInt(minDelegation)
  return { networkId: chainId, params }
}

/** Places the native contracts and bonds the validators of `genesis`. Throws `NODE_INVALID_ARGUMENT` if none of them can be elected. */
export function writeConsensusGenesis(state: StateOverlay, genesis: Genesis): void {
  state.setCode(DAG_ADDRESS, PLACEHOLDER)
  state.setCode(CONSENSUS_ADDRESS as AddressHex, PLACEHOLDER)
  const { contract, store } = openConsensusContract(state, consensusSettings(genesis))
  const { records } = contract
  let bonded = 0n
  for (const [index, validator] of genesis.validators.entries()) {
    register(records, validator, index + 1)
    bonded += BigInt(validator.stake)
  }
  records.numbers.set('registered', genesis.validators.length)
  if (!contract.endEpoch({ nowMs: genesis.timestampMs }))
    throw new NodeError(
      'NODE_INVALID_ARGUMENT',
      `the genesis is not usable: no validator bonds ${contract.params.minSelfBond} wei, the least of a candidate`,
      { minSelfBond: String(contract.params.minSelfBond) },
    )
  store.flush()
  const account = state.account(CONSENSUS_ADDRESS as AddressHex) ?? EMPTY_ACCOUNT
  state.setAccount(CONSENSUS_ADDRESS as AddressHex, { ...account, balance: account.balance + bonded })
}

type Records = ReturnType<typeof openConsensusContract>['contract']['records']

function register(records: Records, validator: GenesisValidator, order: number): void {
  const { address, publicKey, stake } = validator
  const key = address as Address
  if (keyAddress(hexToBytes(publicKey)) !== key)
    throw new NodeError('NODE_INVALID_ARGUMENT', `the genesis is not usable: ${publicKey} is not the key of ${key}`, {
      address,
    })
  const owner = (validator.owner ?? address) as Address
  const bond = BigInt(stake)
  records.keys.set(key, { owner, publicKey: publicKey.slice(2), retiredMs: 0 })
  records.delegations.set(`${owner}/${owner}`, { shares: bond, start: 0n })
  records.validators.set(owner, {
    publicKey: publicKey.slice(2),
    key,
    vrfKey: validator.vrfKey?.slice(2) ?? NO_VRF_KEY,
    isogenyKey: validator.isogenyKey?.slice(2) ?? '',
    commissionBps: validator.commissionBps ?? 0,
    riseEpoch: -1,
    riseFrom: validator.commissionBps ?? 0,
    tokens: bond,
    shares: bond,
    pool: EMPTY_POOL,
    commission: 0n,
    order,
    jailed: false,
    jailedUntilMs: 0,
    tombstoned: false,
  })
}
