import { type Devnet, startDevnet } from '@zos/node/devnet'
import { afterAll, expect, test } from 'vitest'
import { eventually, rpc } from './wait.ts'

let devnet: Devnet | undefined

afterAll(() => devnet?.stop())

test('epochs follow each other without a gap in the blocks, also for a validator that was away', async () => {
  devnet = await startDevnet({ port: 0, roundIntervalMs: 40, epochRounds: 20, restart: false })
  const [first, victim] = devnet.validators
  await eventually(async () => (await first!.status()).epoch >= 2, 'two epoch changes')
  await victim!.kill('SIGKILL')
  const { epoch } = await first!.status()
  await eventually(async () => (await first!.status()).epoch >= epoch + 2, 'epoch changes without one validator')
  await victim!.start()
  await eventually(async () => (await victim!.status()).producing, 'the validator to be in step again')
  const reached = (await first!.status()).epoch
  await eventually(async () => (await first!.status()).epoch >= reached + 2, 'epoch changes with all')

  const common = Math.min(
    ...(await Promise.all(devnet.validators.map(async (validator) => (await validator.status()).block))),
  )
  const tag = `0x${common.toString(16)}`
  const hashes = await Promise.all(
    devnet.validators.map(async ({ rpcUrl }) => (await rpc(rpcUrl, 'eth_getBlockByNumber', tag, false)).hash),
  )
  expect(new Set(hashes).size).toBe(1)
  let mci = 0
  for (let block = 1; block <= common; block++) {
    for (const unit of (await rpc(devnet.rpcUrl, 'zos_getBlockUnits', `0x${block.toString(16)}`)).units) {
      expect(unit.mci === mci || unit.mci === mci + 1).toBe(true)
      mci = unit.mci
    }
  }
  expect(mci).toBeGreaterThan(common)
})
