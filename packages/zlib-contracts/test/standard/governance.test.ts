import { AbiCoder, concat, Interface, id, keccak256 } from 'ethers'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ANN, BEN, CAT, createLibrary, type Made } from './library.ts'

let library: Awaited<ReturnType<typeof createLibrary>>
beforeAll(async () => {
  await createLibrary()
}, 600_000)
let dao: Made
let inside: Interface
const DAY = 86_400
// Vote after a minute, for a day; ten votes to propose; 10 % must vote. An hour between vote and deed.
const RULES = [60n, BigInt(DAY), 10n * 10n ** 18n, 10n]
beforeEach(async () => {
  library = await createLibrary({ unlimited: true })
  library.setTime(1_000)
  dao = await library.make('Dao', [ANN, RULES, 3_600n])
  inside = new Interface(library.abiOf('Dao') as never)
})

const PROPOSE = 'propose(address[],uint256[],bytes[],string)'
const QUEUE = 'queue(address[],uint256[],bytes[],bytes32)'
const EXECUTE = 'execute(address[],uint256[],bytes[],bytes32)'
const CANCEL = 'cancel(address[],uint256[],bytes[],bytes32)'
/** What a proposal does: one call of the DAO on itself. */
const doing = (name: string, args: readonly unknown[]) =>
  [[dao.address], [0n], [inside.encodeFunctionData(name, args)]] as const
/** Proposal states of OpenZeppelin's governor. */
const [PENDING, ACTIVE, CANCELED, DEFEATED, SUCCEEDED, QUEUED, , EXECUTED] = [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n]
const state = async (proposal: bigint) => (await dao.call('state', [proposal])).value

describe('a DAO at one address', () => {
  test('does what was voted for: proposed, delayed, voted, queued, delayed, executed', async () => {
    await dao.call('delegate', [ANN], ANN)
    library.setTime(1_010)
    const action = doing('setNumber', [7n])
    const proposal = (await dao.call(PROPOSE, [...action, 'seven'], ANN)).value as bigint
    expect(await state(proposal)).toBe(PENDING)
    await expect(dao.call('castVote', [proposal, 1n], ANN)).rejects.toThrow('GovernorUnexpectedProposalState')
    library.setTime(1_071)
    expect(await state(proposal)).toBe(ACTIVE)
    await dao.call('castVote', [proposal, 1n], ANN)
    await expect(dao.call('castVote', [proposal, 1n], ANN)).rejects.toThrow('GovernorAlreadyCastVote')
    await expect(dao.call(QUEUE, [...action, id('seven')])).rejects.toThrow('GovernorUnexpectedProposalState')
    library.setTime(1_071 + DAY)
    expect(await state(proposal)).toBe(SUCCEEDED)
    await expect(dao.call(EXECUTE, [...action, id('seven')])).rejects.toThrow()
    await dao.call(QUEUE, [...action, id('seven')], BEN)
    expect(await state(proposal)).toBe(QUEUED)
    library.setTime(1_071 + DAY + 3_599)
    await expect(dao.call(EXECUTE, [...action, id('seven')])).rejects.toThrow()
    library.setTime(1_071 + DAY + 3_600)
    await dao.call(EXECUTE, [...action, id('seven')], BEN)
    expect(await state(proposal)).toBe(EXECUTED)
    expect((await dao.call('number')).value).toBe(7n)
    await expect(dao.call(EXECUTE, [...action, id('seven')])).rejects.toThrow()
  })

  test('does nothing without a quorum, nor against the votes, nor after its proposer took it back', async () => {
    await dao.call('transfer', [BEN, 99n * 10n ** 18n], ANN)
    await dao.call('delegate', [BEN], BEN)
    library.setTime(1_010)
    const action = doing('setNumber', [7n])
    const few = (await dao.call(PROPOSE, [...action, 'few'], BEN)).value as bigint
    const back = (await dao.call(PROPOSE, [...action, 'back'], BEN)).value as bigint
    await expect(dao.call(PROPOSE, [...action, 'none'], CAT)).rejects.toThrow('GovernorInsufficientProposerVotes')
    await expect(dao.call(CANCEL, [...action, id('back')], ANN)).rejects.toThrow('GovernorUnableToCancel')
    await dao.call(CANCEL, [...action, id('back')], BEN)
    expect(await state(back)).toBe(CANCELED)
    library.setTime(1_071)
    await dao.call('castVote', [few, 1n], BEN)
    library.setTime(1_071 + DAY)
    // 99 of 1,000 is less than 10 %.
    expect(await state(few)).toBe(DEFEATED)
    await dao.call('delegate', [ANN], ANN)
    library.setTime(1_072 + DAY)
    const lost = (await dao.call(PROPOSE, [...action, 'lost'], ANN)).value as bigint
    library.setTime(1_140 + DAY)
    await dao.call('castVote', [lost, 0n], ANN)
    await dao.call('castVote', [lost, 1n], BEN)
    library.setTime(1_140 + 2 * DAY)
    expect(await state(lost)).toBe(DEFEATED)
    await expect(dao.call(QUEUE, [...action, id('lost')])).rejects.toThrow('GovernorUnexpectedProposalState')
  })

  test('votes count as they were at the snapshot: what is bought later does not', async () => {
    await dao.call('delegate', [ANN], ANN)
    await dao.call('delegate', [BEN], BEN)
    library.setTime(1_010)
    const proposal = (await dao.call(PROPOSE, [...doing('setNumber', [7n]), 'x'], ANN)).value as bigint
    library.setTime(1_071)
    await dao.call('transfer', [BEN, 500n * 10n ** 18n], ANN)
    await dao.call('castVote', [proposal, 0n], BEN)
    await dao.call('castVote', [proposal, 1n], ANN)
    const votes = (await dao.call('proposalVotes', [proposal])).values
    expect([...votes]).toEqual([0n, 1_000n * 10n ** 18n, 0n])
  })

  test('its timelock, settings and roles obey nobody else', async () => {
    const zero = `0x${'00'.repeat(32)}`
    const data = inside.encodeFunctionData('setNumber', [1n])
    for (const who of [ANN, library.sender]) {
      await expect(dao.call('schedule', [dao.address, 0n, data, zero, zero, 3_600n], who)).rejects.toThrow(
        'AccessControlUnauthorizedAccount',
      )
      await expect(
        dao.call('execute(address,uint256,bytes,bytes32,bytes32)', [dao.address, 0n, data, zero, zero], who),
      ).rejects.toThrow('TimelockUnexpectedOperationState')
      await expect(dao.call('setNumber', [1n], who)).rejects.toThrow('GovernorOnlyExecutor')
      await expect(dao.call('relay', [dao.address, 0n, data], who)).rejects.toThrow('GovernorOnlyExecutor')
      await expect(dao.call('setVotingPeriod', [1n], who)).rejects.toThrow('GovernorOnlyExecutor')
      await expect(dao.call('updateDelay', [0n], who)).rejects.toThrow('TimelockUnauthorizedCaller')
      await expect(dao.call('grantRole', [id('PROPOSER_ROLE'), who], who)).rejects.toThrow(
        'AccessControlUnauthorizedAccount',
      )
      await expect(dao.call('initialize', [0n, [who], [who], who], who)).rejects.toThrow('InvalidInitialization')
    }
    expect((await dao.call('name')).value).toBe('Dao')
    expect((await dao.call('eip712Domain')).values[1]).toBe('Dao')
    for (const interfaceId of ['0x01ffc9a7', '0x4e2312e0', '0x7965db0b', '0x65455a86'])
      expect((await dao.call('supportsInterface', [interfaceId])).value, interfaceId).toBe(true)
  })
})

describe('roles and the switch', () => {
  test('a pauser stops, only the administrator starts again', async () => {
    const one = await library.make('Switch', [BEN])
    await one.call('act')
    await expect(one.call('pause', [], ANN)).rejects.toThrow('AccessControlUnauthorizedAccount')
    await one.call('pause', [], BEN)
    await expect(one.call('act')).rejects.toThrow('EnforcedPause')
    await expect(one.call('unpause', [], BEN)).rejects.toThrow('AccessControlUnauthorizedAccount')
    await one.call('unpause')
    await one.call('act')
    expect((await one.call('count')).value).toBe(2n)
  })
})

describe('a distribution', () => {
  const leaf = (distribution: bigint, index: bigint, account: string, amount: bigint) =>
    keccak256(
      keccak256(
        AbiCoder.defaultAbiCoder().encode(
          ['uint256', 'uint256', 'address', 'uint256'],
          [distribution, index, account, amount],
        ),
      ),
    )
  const pair = (a: string, b: string) => keccak256(concat(a < b ? [a, b] : [b, a]))
  let token: Made
  let drops: Made
  const open = (root: string, total: bigint, window = 100n, lifetime = 1_000n, from: string = library.sender) =>
    drops.call('openDistribution', [token.address, root, total, window, lifetime], from)
  const balance = async (who: string) => (await token.call('balanceOf', [who])).value as bigint
  beforeEach(async () => {
    token = await library.make('PlainToken')
    drops = await library.make('Drops', [CAT])
    await token.call('mint', [library.sender, 10_000n])
    await token.call('approve', [drops.address, 10_000n])
  })

  test('pays each entry once, of its own tree only, while its claims are open', async () => {
    const leaves = [
      [leaf(1n, 0n, ANN, 60n), leaf(1n, 1n, BEN, 40n)],
      [leaf(2n, 0n, ANN, 60n), leaf(2n, 1n, BEN, 40n)],
    ] as const
    await open(pair(leaves[0][0], leaves[0][1]), 100n)
    await open(pair(leaves[1][0], leaves[1][1]), 100n)
    const claim = (distribution: bigint, index: bigint, account: string, amount: bigint, proof: string[]) =>
      drops.call('claimDistribution', [distribution, index, account, amount, proof], BEN)
    await expect(claim(1n, 0n, ANN, 60n, [leaves[0][1]])).rejects.toThrow('ClaimsNotOpen')
    library.setTime(1_100)
    await claim(1n, 0n, ANN, 60n, [leaves[0][1]])
    expect(await balance(ANN)).toBe(60n)
    await expect(claim(1n, 0n, ANN, 60n, [leaves[0][1]])).rejects.toThrow('ClaimedAlready(1, 0)')
    await expect(claim(2n, 0n, ANN, 60n, [leaves[0][1]])).rejects.toThrow('BadMerkleProof(2)')
    await expect(claim(1n, 1n, BEN, 41n, [leaves[0][0]])).rejects.toThrow('BadMerkleProof(1)')
    await expect(claim(1n, 1n, ANN, 40n, [leaves[0][0]])).rejects.toThrow('BadMerkleProof(1)')
    await expect(claim(3n, 0n, ANN, 60n, [])).rejects.toThrow('NoDistribution(3)')
    library.setTime(2_100)
    await expect(claim(1n, 1n, BEN, 40n, [leaves[0][0]])).rejects.toThrow('ClaimsNotOpen')
    const before = await balance(library.sender)
    await drops.call('sweepDistribution', [1n], ANN)
    expect(await balance(library.sender)).toBe(before + 40n)
    await expect(drops.call('sweepDistribution', [1n])).rejects.toThrow('NoDistribution(1)')
    expect(await balance(drops.address)).toBe(100n)
  })

  test('never pays more than was paid in, whatever its tree promises', async () => {
    const [a, b] = [leaf(1n, 0n, ANN, 60n), leaf(1n, 1n, BEN, 60n)]
    await open(pair(a, b), 100n, 0n)
    await drops.call('claimDistribution', [1n, 0n, ANN, 60n, [b]])
    await expect(drops.call('claimDistribution', [1n, 1n, BEN, 60n, [a]])).rejects.toThrow('DistributionEmpty(1, 40)')
  })

  test('can be vetoed until its claims begin, by who may', async () => {
    await open(leaf(1n, 0n, ANN, 60n), 60n)
    await expect(drops.call('vetoDistribution', [1n], ANN)).rejects.toThrow('AccessControlUnauthorizedAccount')
    await expect(drops.call('sweepDistribution', [1n])).rejects.toThrow('ClaimsOpen')
    await drops.call('vetoDistribution', [1n], CAT)
    expect(await balance(library.sender)).toBe(10_000n)
    await open(leaf(2n, 0n, ANN, 60n), 60n)
    library.setTime(1_100)
    await expect(drops.call('vetoDistribution', [2n], CAT)).rejects.toThrow('ClaimsOpen')
    await expect(open(`0x${'00'.repeat(32)}`, 1n)).rejects.toThrow('BadDistribution')
    await expect(open(id('x'), 0n)).rejects.toThrow('BadDistribution')
    await expect(open(id('x'), 1n, 0n, 0n)).rejects.toThrow('BadDistribution')
    await expect(open(id('x'), 1n, 0n, 1n, ANN)).rejects.toThrow('AccessControlUnauthorizedAccount')
  })
})

describe('a bridged token', () => {
  test('is minted and burned by its bridge only, as fast as its limit allows, in the units of its origin', async () => {
    const one = await library.make('Bridged', [BEN])
    expect((await one.call('decimals')).value).toBe(6n)
    expect((await one.call('originDenomination')).value).toBe('transfer/channel-3/uatom')
    await expect(one.call('crosschainMint', [ANN, 1n], ANN)).rejects.toThrow('AccessControlUnauthorizedAccount')
    library.setTime(10_000)
    await one.call('crosschainMint', [ANN, 900_000_000n], BEN)
    await expect(one.call('crosschainMint', [ANN, 100_000_001n], BEN)).rejects.toThrow('RateLimitExceeded')
    await one.call('crosschainMint', [ANN, 100_000_000n], BEN)
    library.setTime(11_800)
    expect((await one.call('mintable')).value).toBe(500_000_000n)
    await expect(one.call('crosschainBurn', [ANN, 1n], ANN)).rejects.toThrow('AccessControlUnauthorizedAccount')
    await one.call('crosschainBurn', [ANN, 400_000_000n], BEN)
    expect((await one.call('totalSupply')).value).toBe(600_000_000n)
    await expect(one.call('setMintLimit', [1n, 1n], BEN)).rejects.toThrow('AccessControlUnauthorizedAccount')
    await expect(one.call('setMintLimit', [0n, 1n])).rejects.toThrow('BadMintLimit')
    await one.call('setMintLimit', [600_000_000n, 3_600n])
    // What was minted lately counts against the new limit too.
    expect((await one.call('mintable')).value).toBe(100_000_000n)
    expect((await one.call('supportsInterface', ['0x33331994'])).value).toBe(true)
  })
})

describe('chance in two steps', () => {
  const SECRET = id('a secret')
  test('needs the secret that was committed to, after the deciding block and before it is forgotten', async () => {
    const one = await library.make('Chance')
    const hash = (await one.call('commitmentOf', [ANN, SECRET])).value
    library.setBlock(100)
    await expect(one.call('reveal', [SECRET], ANN)).rejects.toThrow('NotCommitted')
    await one.call('commit', [hash], ANN)
    await expect(one.call('commit', [hash], ANN)).rejects.toThrow('CommittedAlready')
    library.setBlock(101)
    await expect(one.call('reveal', [SECRET], ANN)).rejects.toThrow('RevealTooEarly(102)')
    library.setBlock(102)
    await expect(one.call('reveal', [id('another')], ANN)).rejects.toThrow('WrongSecret')
    await expect(one.call('reveal', [SECRET], BEN)).rejects.toThrow('NotCommitted')
    await one.call('reveal', [SECRET], ANN)
    await expect(one.call('reveal', [SECRET], ANN)).rejects.toThrow('NotCommitted')
    // Somebody else's commitment is of no use to a thief.
    await one.call('commit', [hash], BEN)
    library.setBlock(104)
    await expect(one.call('reveal', [SECRET], BEN)).rejects.toThrow('WrongSecret')
    library.setBlock(353)
    await expect(one.call('reveal', [SECRET], BEN)).rejects.toThrow('RevealTooLate(352)')
    await one.call('commit', [hash], BEN)
  })
})

describe('storage references', () => {
  const CID = `0x01551220${'ab'.repeat(32)}`
  const NAME = id('picture')
  test('belong to who set them, count their versions, and can be fixed for ever', async () => {
    const one = await library.make('Refs')
    await one.call('setRecord', [NAME, CID, 5_000n, 10n, 14n], ANN)
    await one.call('setRecord', [NAME, CID, 6_000n, 0n, 0n], BEN)
    await one.call('setRecord', [NAME, CID, 7_000n, 10n, 14n], ANN)
    const { cid, size, needed, pieces, version } = (await one.call('record', [ANN, NAME])).value
    expect([cid, size, needed, pieces, version]).toEqual([CID, 7_000n, 10n, 14n, 2n])
    for (const bad of [`0x12${'20'.repeat(33)}`, '0x0155', `0x01${'55'.repeat(80)}`])
      await expect(one.call('setRecord', [NAME, bad, 1n, 0n, 0n], ANN)).rejects.toThrow('BadCid')
    for (const [needed, pieces] of [
      [15n, 14n],
      [0n, 4n],
    ])
      await expect(one.call('setRecord', [NAME, CID, 1n, needed, pieces], ANN)).rejects.toThrow('BadErasureCode')
    await expect(one.call('freezeRecord', [id('none')], ANN)).rejects.toThrow('NoSuchRecord')
    await one.call('freezeRecord', [NAME], ANN)
    await expect(one.call('setRecord', [NAME, CID, 1n, 0n, 0n], ANN)).rejects.toThrow('RecordIsFrozen')
    await one.call('setRecord', [NAME, CID, 1n, 0n, 0n], BEN)
  })
})
