import { AbiCoder, concat, keccak256 } from 'ethers'

/** What an account is to get. */
export type Reward = readonly [account: string, amount: bigint]

/** A tree of rewards as `MerkleDistributor` checks it: its root, and the proof of each. */
export interface RewardTree {
  readonly root: string
  readonly proofs: readonly (readonly string[])[]
}

/**
 * The tree of `rewards` for a distribution (`distributionCount() + 1` of the moment it is proposed at). Leaves are hashed twice, so that no
 * inner node passes for one; pairs are sorted; a node without a neighbour goes up as it is.
 */
export function rewardTree(distribution: bigint, rewards: readonly Reward[]): RewardTree {
  const coder = AbiCoder.defaultAbiCoder()
  let level = rewards.map(([account, amount], index) => ({
    hash: keccak256(
      keccak256(coder.encode(['uint256', 'uint256', 'address', 'uint256'], [distribution, index, account, amount])),
    ),
    leaves: [index],
  }))
  const proofs: string[][] = rewards.map(() => [])
  while (level.length > 1) {
    const above: typeof level = []
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = [level[at]!, level[at + 1]]
      if (!right) {
        above.push(left)
        continue
      }
      for (const leaf of left.leaves) proofs[leaf]!.push(right.hash)
      for (const leaf of right.leaves) proofs[leaf]!.push(left.hash)
      const pair = left.hash < right.hash ? [left.hash, right.hash] : [right.hash, left.hash]
      above.push({ hash: keccak256(concat(pair)), leaves: [...left.leaves, ...right.leaves] })
    }
    level = above
  }
  return { root: level[0]?.hash ?? `0x${'00'.repeat(32)}`, proofs }
}
