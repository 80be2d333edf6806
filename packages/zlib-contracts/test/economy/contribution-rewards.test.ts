import { AbiCoder, concat, keccak256 } from 'ethers'
import { beforeEach, describe, expect, test } from 'vitest'
import { compilePlayToken, compileShipped, DAY } from '../contracts.ts'
import { createMachine } from '../machine.ts'

const START = 20_000n * DAY
const EPOCH = 30n * DAY
const WINDOW = 7n * DAY
const BUDGET = 1_000n
const COMMITTEE = `0x${'c1'.repeat(20)}`
const GOVERNOR = `0x${'c2'.repeat(20)}`
const [ANN, BEN, CAT] = ['11', '22', '33'].map((byte) => `0x${byte.repeat(20)}`) as [string, string, string]
const EVIDENCE = `0x${'ee'.repeat(32)}`
const compiled = compileShipped('economy/ContributionRewards')
const play = compilePlayToken()

let machine: Awaited<ReturnType<typeof createMachine>>
let token: ReturnType<typeof machine.at>
let rewards: ReturnType<typeof machine.at>
let rules: unknown[]

beforeEach(async () => {
  machine = await createMachine()
  machine.setTime(START)
  const tokenAddress = await machine.deploy(play.creation, play.abi, [])
  token = machine.at(tokenAddress, play.abi)
  rules = [tokenAddress, COMMITTEE, GOVERNOR, START, EPOCH, WINDOW, BUDGET]
  const address = await machine.deploy(compiled.creation, compiled.abi, [rules])
  rewards = machine.at(address, compiled.abi)
  await token('mint', [address, 1_500n])
})

type Reward = readonly [account: string, amount: bigint]

const leaf = (epoch: bigint, [account, amount]: Reward) =>
  keccak256(keccak256(AbiCoder.defaultAbiCoder().encode(['uint256', 'address', 'uint256'], [epoch, account, amount])))
const pair = (a: string, b: string) => keccak256(concat(a < b ? [a, b] : [b, a]))

/** The tree ((a, b), c) of three rewards, with the proof of each. */
function tree(epoch: bigint, list: readonly [Reward, Reward, Reward]) {
  const [a, b, c] = list.map((reward) => leaf(epoch, reward)) as [string, string, string]
  return { root: pair(pair(a, b), c), proofs: [[b, c], [a, c], [pair(a, b)]] as const, inner: pair(a, b) }
}

const LIST = [
  [ANN, 500n],
  [BEN, 300n],
  [CAT, 200n],
] as const
const propose = (epoch: bigint, root: string, total: bigint, from = COMMITTEE) =>
  rewards('propose', [epoch, root, total], from)
const balance = async (account: string) => (await token('balanceOf', [account])).value

describe('rewards for contributions', () => {
  test('are proposed after the epoch, claimable after the window, each once', async () => {
    const { root, proofs } = tree(0n, LIST)
    machine.setTime(START + EPOCH - 1n)
    await expect(propose(0n, root, 1_000n)).rejects.toThrow('EpochNotOver')
    machine.setTime(START + EPOCH)
    await expect(propose(0n, root, 1_000n, ANN)).rejects.toThrow('NotAllowed')
    await propose(0n, root, 1_000n)
    await expect(propose(0n, root, 1_000n)).rejects.toThrow('AlreadyProposed(0)')
    machine.setTime(START + EPOCH + WINDOW - 1n)
    await expect(rewards('claim', [0n, ANN, 500n, proofs[0]])).rejects.toThrow('WindowOpen')
    machine.setTime(START + EPOCH + WINDOW)
    for (const [index, [account, amount]] of LIST.entries()) {
      await rewards('claim', [0n, account, amount, proofs[index]])
      expect(await balance(account)).toBe(amount)
      await expect(rewards('claim', [0n, account, amount, proofs[index]])).rejects.toThrow('ClaimedBefore')
    }
    expect((await rewards('reserved')).value).toBe(0n)
  })

  test('are not paid to another account, of another amount, of another epoch, or for an inner node', async () => {
    const { root, proofs, inner } = tree(0n, LIST)
    machine.setTime(START + 2n * EPOCH)
    await propose(0n, root, 1_000n)
    await expect(rewards('claim', [1n, ANN, 500n, proofs[0]])).rejects.toThrow('NoProposal(1)')
    await propose(1n, root, 400n)
    machine.setTime(START + 2n * EPOCH + WINDOW)
    await expect(rewards('claim', [0n, BEN, 500n, proofs[0]])).rejects.toThrow('BadProof')
    await expect(rewards('claim', [0n, ANN, 501n, proofs[0]])).rejects.toThrow('BadProof')
    await expect(rewards('claim', [1n, ANN, 500n, proofs[0]])).rejects.toThrow('BadProof')
    await expect(rewards('claim', [0n, CAT, 200n, [inner, inner]])).rejects.toThrow('BadProof')
  })

  test('are struck by the governor while the window is open, and proposed anew', async () => {
    const wrong = tree(0n, [
      [COMMITTEE, 1_000n],
      [BEN, 0n],
      [CAT, 0n],
    ])
    const right = tree(0n, LIST)
    machine.setTime(START + EPOCH)
    await expect(rewards('veto', [0n], GOVERNOR)).rejects.toThrow('NoProposal')
    await propose(0n, wrong.root, 1_000n)
    machine.setTime(START + EPOCH + WINDOW - 1n)
    await rewards('challenge', [0n, EVIDENCE], BEN)
    await expect(rewards('veto', [0n], BEN)).rejects.toThrow('NotAllowed')
    await rewards('veto', [0n], GOVERNOR)
    expect((await rewards('reserved')).value).toBe(0n)
    await expect(rewards('claim', [0n, COMMITTEE, 1_000n, wrong.proofs[0]])).rejects.toThrow('NoProposal')
    await propose(0n, right.root, 1_000n)
    machine.setTime(START + EPOCH + 2n * WINDOW - 1n)
    await expect(rewards('challenge', [0n, EVIDENCE])).rejects.toThrow('WindowClosed')
    await expect(rewards('veto', [0n], GOVERNOR)).rejects.toThrow('WindowClosed')
    await rewards('claim', [0n, ANN, 500n, right.proofs[0]])
    expect(await balance(ANN)).toBe(500n)
  })

  test('stay within the budget, within what is there, and within what was proposed', async () => {
    const { root, proofs } = tree(0n, LIST)
    machine.setTime(START + 2n * EPOCH)
    await expect(propose(0n, root, 1_001n)).rejects.toThrow('OverBudget(1001, 1000)')
    await expect(propose(0n, root, 0n)).rejects.toThrow('EmptyProposal')
    await propose(0n, root, 700n)
    await expect(propose(1n, root, 801n)).rejects.toThrow('Unfunded(801, 800)')
    machine.setTime(START + 3n * EPOCH)
    await rewards('claim', [0n, ANN, 500n, proofs[0]])
    await expect(rewards('claim', [0n, BEN, 300n, proofs[1]])).rejects.toThrow('OverTotal(0)')
    await rewards('claim', [0n, CAT, 200n, proofs[2]])
    expect((await rewards('reserved')).value).toBe(0n)
  })

  test('need rules with a committee, a governor, an epoch and a window', async () => {
    const nobody = `0x${'00'.repeat(20)}`
    for (const wrong of [
      rules.with(1, nobody),
      rules.with(2, nobody),
      rules.with(4, 0n),
      rules.with(5, 0n),
      rules.with(5, 3_651n * DAY),
    ])
      await expect(machine.deploy(compiled.creation, compiled.abi, [wrong])).rejects.toThrow('deployment failed')
  })
})
