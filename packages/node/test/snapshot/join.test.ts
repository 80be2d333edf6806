import { afterEach, expect, test } from 'vitest'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'
import { createNode } from '../../src/node.ts'
import type { NodeOptions, ZosNode } from '../../src/node-api.ts'

const nodes: ZosNode[] = []
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()))
})

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let left = 20_000; !holds(); left--) {
    if (left === 0) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Epochs of two seconds: a snapshot has to be certified before the next but one begins. */
const { genesis, validatorKeys } = devnetGenesis({ validators: 1, timestampMs: 1_700_000_000_000, epochRounds: 100 })

async function start(options: Partial<NodeOptions>): Promise<ZosNode> {
  const node = await createNode({ genesis, roundIntervalMs: 20, pruning: { keepEpochs: 1 }, ...options })
  nodes.push(node)
  return node
}

test('a node whose peers no longer have the beginning joins from their snapshot and follows', async () => {
  const validator = await start({
    validatorKey: validatorKeys[0]!.privateKey,
    isogenyKey: validatorKeys[0]!.isogenyKey!,
  })
  await until(() => validator.status().firstEpoch >= 2, 'the first epochs to be pruned')
  await until(() => (validator.status().checkpoint ?? 0) >= 2, 'a checkpoint')
  const joiner = await start({ p2p: { peers: validator.addresses() } })
  // It begins where the snapshot was taken, not at the genesis.
  expect(joiner.status().firstEpoch).toBeGreaterThanOrEqual(2)
  const { block } = validator.status()
  await until(() => joiner.status().block > block, 'the joiner to be in step')
  const common = Math.min(joiner.status().block, validator.status().block)
  expect(common).toBeGreaterThan(0)
  await until(
    () => joiner.status().epoch >= validator.status().epoch && joiner.status().checkpoint !== null,
    'a checkpoint of its own',
  )
}, 300_000)
