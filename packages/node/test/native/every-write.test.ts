/** Every function of the consensus contract that writes: with any gas it takes effect whole or not at all. */
import { bytesToHex } from '@ethereumjs/util'
import { type Address, createUnit, signerFromPrivateKey } from '@zos/dag'
import { CONSENSUS_ABI, type ConsensusContract, encodeEvidence, provePossession } from '@zos/zpos'
import { Wallet } from 'ethers'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { consensusSettings } from '../../src/genesis/consensus-genesis.ts'
import { createGenesisUnit } from '../../src/ledger/genesis-unit.ts'
import { openConsensusContract } from '../../src/native/consensus-contract.ts'
import { CONSENSUS, consensus, createWorld, genesis, USER, VALIDATOR, validatorKeys, type World, ZOS } from './world.ts'

/** Seconds after which what was unbonded can be withdrawn, in the devnet's genesis and beyond. */
const LATER = 2_000 + 10_000
const OTHER = validatorKeys[1]!.address
/** Seconds: within the evidence window of the first epoch, and when half a year of what was claimed has become free. */
const SOON = 1_010
const MUCH_LATER = 2_000 + 180 * 86_400
const settings = consensusSettings(genesis)

interface Write {
  name: string
  args: unknown[]
  value?: bigint
  timestamp?: number
  /** What has to be done before: other writes, and what the protocol itself does between blocks. */
  after?: (Write | Protocol)[]
}
type Protocol = (contract: ConsensusContract) => void

const VRF_KEY = `0x${'01'.repeat(32)}`
let world: World

function keyOf(filler: string): { publicKey: string; possession: string } {
  const key = new Wallet(`0x${filler.repeat(32)}`)
  const possession = provePossession(Buffer.from(key.privateKey.slice(2), 'hex'), USER as never)
  return { publicKey: key.signingKey.compressedPublicKey, possession: bytesToHex(possession) }
}

/** The rewards of a block: for the validator, with the coins that the protocol mints for it. */
const reward: Protocol = (contract) => {
  contract.reward(new Map([[VALIDATOR as Address, 100n * ZOS]]))
  const account = world.state.account(CONSENSUS)!
  world.state.setAccount(CONSENSUS, { ...account, balance: account.balance + 100n * ZOS })
}

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

async function writes(): Promise<Write[]> {
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

const run = ({ name, args, value = 0n, timestamp = 2_000 }: Write, gasLimit = 16_000_000n) =>
  world.call(CONSENSUS, consensus.encodeFunctionData(name, args), { value, timestamp, gasLimit })

const tried = (write: Write, gasLimit?: bigint) =>
  world.sandbox(async () => {
    const outcome = await run(write, gasLimit)
    return { outcome, changes: world.changes() }
  })

beforeAll(async () => {
  world = await createWorld()
})

describe('a write of the consensus contract', () => {
  test('takes effect whole or not at all, whatever the gas, whichever function it is', async () => {
    const all = await writes()
    for (const write of all)
      await world.sandbox(async () => {
        for (const before of write.after ?? [])
          if (typeof before !== 'function') expect((await run(before)).succeeded, before.name).toBe(true)
          else {
            const { contract, store } = openConsensusContract(world.state, settings)
            before(contract)
            store.flush()
          }
        const whole = await tried(write)
        const { returned } = whole.outcome
        const reason = whole.outcome.succeeded ? '' : consensus.parseError(returned)?.args.toString()
        expect(whole.outcome.succeeded, `${write.name}: ${whole.outcome.exception} ${reason}`).toBe(true)
        expect(whole.changes, write.name).not.toEqual([])
        const most = whole.outcome.peakGas
        const check = async (gas: bigint) => {
          const { outcome, changes } = await tried(write, gas)
          if (outcome.succeeded) expect(changes, `${write.name} with ${gas}`).toEqual(whole.changes)
          else {
            expect(changes, `${write.name} with ${gas} of ${most}`).toEqual([])
            expect(outcome.logs).toEqual([])
          }
          return outcome.succeeded
        }
        // Less gas than it took is too little, as much is enough.
        expect(await check(most)).toBe(true)
        expect(await check(most - 1n)).toBe(false)
        const least = most - (most - 21_000n) / 2n
        const runs = process.env.ZOS_LONG ? 2_000 : 20
        const property = fc.asyncProperty(fc.bigInt(least, most + 500n), async (gas) => {
          await check(gas)
        })
        await fc.assert(property, { numRuns: runs })
      })
    const covered = new Set(all.map(({ name }) => name))
    const functions = CONSENSUS_ABI.filter((line) => line.startsWith('function') && !line.includes(' view '))
    expect(functions.map((line) => /function (\w+)/.exec(line)![1]!).filter((name) => !covered.has(name))).toEqual([])
  }, 300_000)
})
