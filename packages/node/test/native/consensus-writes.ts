/** A call of every function of the consensus contract that writes, with what has to come before it. */
import { bytesToHex } from '@ethereumjs/util'
import { type Address, createUnit, signerFromPrivateKey } from '@zos/dag'
import { type ConsensusContract, encodeEvidence, provePossession } from '@zos/zpos'
import { Wallet } from 'ethers'
import { expect } from 'vitest'
import type { EvmOutcome } from '../../src/execution/evm.ts'
import { consensusSettings } from '../../src/genesis/consensus-genesis.ts'
import { createGenesisUnit } from '../../src/ledger/genesis-unit.ts'
import { openConsensusContract } from '../../src/native/consensus-contract.ts'
import { CONSENSUS, consensus, genesis, USER, VALIDATOR, validatorKeys, type World, ZOS } from './world.ts'

/** Seconds: when a write is made that names no time. */
export const NOW = 2_000
/** Seconds after which what was unbonded can be withdrawn, in the devnet's genesis and beyond. */
const LATER = NOW + 10_000
const OTHER = validatorKeys[1]!.address
/** Seconds: within the evidence window of the first epoch, and when half a year of what was claimed has become free. */
const SOON = 1_010
const MUCH_LATER = NOW + 180 * 86_400
const settings = consensusSettings(genesis)

/** A call of the consensus contract by the user. */
export interface Write {
  name: string
  args: unknown[]
  value?: bigint
  timestamp?: number
  /** What has to be done before: other writes, and what the protocol itself does between blocks. */
  after?: (Write | Protocol)[]
}
type Protocol = (contract: ConsensusContract, world: World) => void

const VRF_KEY = `0x${'01'.repeat(32)}`
function keyOf(filler: string): { publicKey: string; possession: string } {
  const key = new Wallet(`0x${filler.repeat(32)}`)
  const possession = provePossession(Buffer.from(key.privateKey.slice(2), 'hex'), USER as never)
  return { publicKey: key.signingKey.compressedPublicKey, possession: bytesToHex(possession) }
}

/** Rewards of so many wei for each validator, with the coins that the protocol mints for them. */
export const rewards =
  (amount: bigint): Protocol =>
  (contract, world) => {
    contract.reward(new Map([VALIDATOR, OTHER].map((owner) => [owner as Address, amount])))
    const account = world.state.account(CONSENSUS)!
    world.state.setAccount(CONSENSUS, { ...account, balance: account.balance + 2n * amount })
  }
const reward = rewards(50n * ZOS)

/** The end of an epoch in which the user's validator made no unit. */
const jail: Protocol = ({ records: { validators } }) =>
  validators.set(USER as Address, { ...validators.get(USER as Address)!, jailed: true, jailedUntilMs: 1 })

/** Two units of one round, signed by the validator. */
async function evidence(): Promise<Uint8Array> {
  const anchor = (await createGenesisUnit(genesis)).id
  const [earlier, later] = await Promise.all(
    [1, 2].map(async (timestampMs) => {
      const { header, signatures } = await createUnit({
        networkId: genesis.chainId,
        parents: [anchor],
        timestampMs,
        lastFinal: { mci: 0, id: anchor },
        validUntilMci: 1_000,
        validator: { round: 2, selfParent: anchor },
        messages: [],
        signers: [signerFromPrivateKey(validatorKeys[0]!.privateKey)],
      })
      return { header, publicKey: signatures[0]!.publicKey, signature: signatures[0]!.signature }
    }),
  )
  return encodeEvidence({ kind: 'units', earlier: earlier!, later: later!, chain: [] })
}

export async function writes(): Promise<Write[]> {
  const [first, second] = [keyOf('31'), keyOf('32')]
  const isogenyKey = new Uint8Array(83).fill(2)
  const register: Write = {
    name: 'register',
    args: [first.publicKey, first.possession, VRF_KEY, isogenyKey, 500],
    value: 2_000n * ZOS,
  }
  const delegate: Write = { name: 'delegate', args: [VALIDATOR], value: 5n * ZOS }
  const claim: Write = { name: 'claim', args: [VALIDATOR], after: [delegate, reward] }
  const unbond: Write = { name: 'unbond', args: [VALIDATOR, 2n * ZOS], after: [delegate] }
  return [
    register,
    delegate,
    unbond,
    { name: 'bond', args: [], value: ZOS, after: [register] },
    { name: 'withdraw', args: [], timestamp: LATER, after: [delegate, unbond] },
    { name: 'redelegate', args: [VALIDATOR, OTHER, ZOS], after: [delegate] },
    { name: 'setCommission', args: [600], timestamp: LATER + 100_000, after: [register] },
    { name: 'rotateKey', args: [second.publicKey, second.possession], after: [register] },
    { name: 'setIsogenyKey', args: [new Uint8Array(83).fill(3)], after: [register] },
    claim,
    { name: 'release', args: [], timestamp: MUCH_LATER, after: [delegate, reward, claim] },
    { name: 'unjail', args: [], after: [register, jail] },
    { name: 'submitEvidence', args: [await evidence()], timestamp: SOON, after: [{ ...delegate, timestamp: SOON }] },
  ]
}

export const runWrite = (
  world: World,
  { name, args, value = 0n, timestamp = NOW }: Write,
  gasLimit = 16_000_000n,
): Promise<EvmOutcome> =>
  world.call(CONSENSUS, consensus.encodeFunctionData(name, args), { value, timestamp, gasLimit })

/** What the protocol does between blocks. */
export function runProtocol(world: World, step: Protocol): void {
  const { contract, store } = openConsensusContract(world.state, settings)
  step(contract, world)
  store.flush()
}

/** What has to be done before `write`. */
export async function prepare(world: World, write: Write): Promise<void> {
  for (const before of write.after ?? [])
    if (typeof before === 'function') runProtocol(world, before)
    else expect((await runWrite(world, before)).succeeded, before.name).toBe(true)
}
