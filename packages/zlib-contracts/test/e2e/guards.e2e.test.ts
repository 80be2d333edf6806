/** Takes the guards of the contracts out, one at a time, and sees a test fail. A guard that nothing misses would be a guard that nothing tests. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Guard } from '../contract-sources.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')

/** What stands in the source, in a test file's folder; without it something may happen that must not. */
const guard = (
  name: string,
  file: string,
  find: string,
  tests: string,
  replace = '',
): Guard & { name: string; tests: string } => ({
  name,
  file,
  find,
  replace,
  tests,
})

const REWARDS = 'economy/ContributionRewards.sol'
const GUARDS = [
  guard(
    'only the minter mints',
    'economy/ZosToken.sol',
    'if (msg.sender != minter) revert NotMinter(msg.sender);',
    'test/economy/token',
  ),
  guard(
    'not ahead of the emission',
    'economy/ZosToken.sol',
    'if (amount > available) revert AheadOfEmission(amount, available);',
    'test/economy/token',
  ),
  guard(
    'the beneficiary is fixed',
    'economy/InsiderVesting.sol',
    'if (owner() != address(0)) revert BeneficiaryFixed();',
    'test/economy/insider',
  ),
  guard(
    'half until the lock ends',
    'economy/InsiderVesting.sol',
    'if (timestamp < end()) return total / 2;',
    'test/economy/insider',
  ),
  guard(
    'a day ends with its last reward',
    'economy/MiningVesting.sol',
    'if (block.timestamp >= lastEnd) return day.amount;',
    'test/economy/mining',
    'return day.amount;',
  ),
  guard(
    'only the committee proposes',
    REWARDS,
    'if (msg.sender != committee) revert NotAllowed(msg.sender);',
    'test/economy/contribution',
  ),
  guard(
    'an epoch is over first',
    REWARDS,
    'if (block.timestamp < end) revert EpochNotOver(epoch, end);',
    'test/economy/contribution',
  ),
  guard(
    'within the budget',
    REWARDS,
    'if (total > budget) revert OverBudget(total, budget);',
    'test/economy/contribution',
  ),
  guard(
    'within what is there',
    REWARDS,
    'if (total > available) revert Unfunded(total, available);',
    'test/economy/contribution',
  ),
  guard(
    'only the governor strikes',
    REWARDS,
    'if (msg.sender != governor) revert NotAllowed(msg.sender);',
    'test/economy/contribution',
  ),
  guard(
    'not while objections are heard',
    REWARDS,
    'if (block.timestamp < proposal.claimableFrom) revert WindowOpen(epoch, proposal.claimableFrom);',
    'test/economy/contribution',
  ),
  guard(
    'struck in time only',
    REWARDS,
    'if (block.timestamp >= proposal.claimableFrom) revert WindowClosed(epoch);',
    'test/economy/contribution',
  ),
  guard(
    'claimed once',
    REWARDS,
    'if (hasClaimed[epoch][account]) revert ClaimedBefore(epoch, account);',
    'test/economy/contribution',
  ),
  guard(
    'claimed with a proof',
    REWARDS,
    'if (!MerkleProof.verifyCalldata(proof, proposal.root, leaf)) revert BadProof();',
    'test/economy/contribution',
  ),
  guard(
    'within what was proposed',
    REWARDS,
    'if (amount > proposal.total - proposal.claimed) revert OverTotal(epoch);',
    'test/economy/contribution',
  ),
  guard(
    'a distribution pays an entry once',
    'distribution/MerkleDistributor.sol',
    'if (claimed.get(index)) revert ClaimedAlready(id, index);',
    'test/standard/governance',
  ),
  guard(
    'a distribution pays what was paid in',
    'distribution/MerkleDistributor.sol',
    'if (amount > one.left) revert DistributionEmpty(id, one.left);',
    'test/standard/governance',
  ),
  guard(
    'only the arbiter decides',
    'payment/Escrow.sol',
    'if (msg.sender != one.arbiter) revert NotPartyOfDeal(id, msg.sender);',
    'test/standard/money',
  ),
  guard(
    'all of a payment arrives',
    'guard/ExactTransfer.sol',
    'if (received < amount) revert ReceivedLess(address(token), amount, received);',
    'test/standard/money',
  ),
  guard(
    'a bid is higher than the last',
    'market/EnglishAuction.sol',
    'if (amount < leastBid(id)) revert BidTooLow(id, leastBid(id));',
    'test/standard/market',
  ),
  guard(
    'only the provider accepts a storage deal',
    'storage/StorageOffers.sol',
    'if (msg.sender != one.provider) revert NotStorageParty(msg.sender);',
    'test/standard/storage-market',
  ),
  guard(
    'a storage window is proved once',
    'storage/StorageMarket.sol',
    'if (next > window) revert StorageWindowProved(id, window);',
    'test/standard/storage-market',
  ),
  guard(
    'a storage proof is right',
    'storage/StorageMarket.sol',
    'if (!ShardProof.answers(deal.root, deal.length, nonce, deal.leaves, leaves, paths)) revert StorageProofWrong(id);',
    'test/standard/storage-market',
  ),
  guard(
    'notice of a storage deal is given once',
    'storage/StorageMarket.sol',
    '        if (deal.noticed) revert StorageDealNoticed(id);\n        StorageOffer storage offer = _offerOf(deal.offer);',
    'test/standard/storage-market',
    '        StorageOffer storage offer = _offerOf(deal.offer);',
  ),
  guard(
    'the random number is of the first block at its time',
    'storage/StorageBeacon.sol',
    'if (time % BEACON_SECONDS != 0 || time > blockTime || time <= parentTime) {',
    'test/standard/storage-market',
    'if (time % BEACON_SECONDS != 0 || time > blockTime) {',
  ),
  guard(
    'the first window begins after the block that accepts',
    'storage/StorageMarket.sol',
    'deal.startsAt = uint64((block.timestamp / BEACON_SECONDS + 1) * BEACON_SECONDS);',
    'test/standard/storage-market',
    'deal.startsAt = uint64((block.timestamp + BEACON_SECONDS - 1) / BEACON_SECONDS * BEACON_SECONDS);',
  ),
  guard(
    'only a pauser stops',
    'guard/PauseSwitch.sol',
    'external onlyRole(PAUSER_ROLE)',
    'test/standard/governance',
    'external',
  ),
]

test('every guard stands in the source as written here, once', () => {
  for (const { name, file, find } of GUARDS)
    expect(readFileSync(join(root, 'contracts', file), 'utf8').split(find), name).toHaveLength(2)
})

for (const { name, tests, ...taken } of GUARDS)
  test.runIf(process.env.ZOS_LONG)(`without the guard "${name}" a test fails`, () => {
    const run = spawnSync(process.execPath, [vitest, 'run', '--bail', '1', tests], {
      cwd: root,
      env: { ...process.env, ZOS_GUARD: JSON.stringify(taken), ZOS_LONG: '' },
      encoding: 'utf8',
    })
    const told = run.stdout + run.stderr
    expect(told).not.toContain('the guard stands not exactly once')
    expect(told).toMatch(/Tests .*failed/)
    expect(run.status).not.toBe(0)
  })
