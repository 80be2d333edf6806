/** A node on a real file system of a few megabytes that runs full: no stand-in for the disk, as in `recovery.test.ts`, but the operating system's own error. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { Bench, shortGenesis, until } from './damaged-network.ts'

/** Room for the node's genesis and some hundreds of blocks. */
const SIZE = '12m'
/** Left when the filler is there: less than the rounds of the test need. */
const LEFT_BYTES = 192 * 1024

/** A file system of {@link SIZE}; undefined where the system lets nobody mount one. */
function mountSmallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'zos-full-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder], { stdio: 'ignore' })
    return folder
  } catch {
    rmdirSync(folder)
    return undefined
  }
}

const disk = mountSmallDisk()
const reason = disk ? '' : ' (skipped: only root can mount a small one)'
const bench = new Bench()

afterEach(() => bench.close())
afterAll(() => {
  if (!disk) return
  execFileSync('umount', [disk])
  rmdirSync(disk)
})

describe.skipIf(!disk)(`a file system without room${reason}`, () => {
  test('stops the node with a typed error; with room again it starts and has everything that it acknowledged', async () => {
    const { genesis, validatorKey, accounts } = shortGenesis(100_000)
    const faults: unknown[] = []
    const open = () =>
      bench.start({
        genesis,
        validatorKey,
        dataDir: join(disk!, 'data'),
        roundIntervalMs: 5,
        dev: { accounts, faucet: accounts[0]!, setLinks: async () => {} } as never,
        onFault: (fault) => faults.push(fault),
      })
    const node = await open()
    const follower = await bench.start({ genesis, p2p: { peers: node.addresses() } })
    const [from, to] = [accounts[1]!.address, accounts[2]!.address]
    const acknowledged: string[] = []
    /** Sends one transfer after the other and keeps the hash of those that have a receipt. */
    const pay = async () => {
      const hash = (await node.request('eth_sendTransaction', [{ from, to, value: '0x1' }])) as string
      await until(async () => {
        if (faults.length > 0) throw new Error('the node has stopped')
        return (await node.request('eth_getTransactionReceipt', [hash])) !== null
      }, 'a receipt')
      acknowledged.push(hash)
    }
    for (let i = 0; i < 3; i++) await pay()

    const { bavail, bsize } = statfsSync(disk!)
    const filler = join(disk!, 'filler')
    writeFileSync(filler, new Uint8Array(bavail * bsize - LEFT_BYTES))
    while (faults.length === 0) await pay().catch(() => {})
    expect(faults).toMatchObject([{ name: 'NodeError', code: 'NODE_DISK_FULL' }])
    expect(acknowledged.length).toBeGreaterThanOrEqual(3)
    const { block, round } = node.status()
    for (const hash of acknowledged) expect(await node.request('eth_getTransactionReceipt', [hash])).not.toBeNull()
    // Nobody has a unit that is not stored.
    expect(follower.status().round).toBeLessThanOrEqual(round)
    await node.stop()

    rmSync(filler)
    const again = await open()
    expect(again.status().block).toBeGreaterThanOrEqual(block)
    for (const hash of acknowledged)
      expect(await again.request('eth_getTransactionReceipt', [hash])).toMatchObject({ status: '0x1' })
    await until(() => again.status().block > block + 2, 'the node to go on')
    expect(faults).toHaveLength(1)
    expect(BigInt((await again.request('eth_getBalance', [to, 'latest'])) as string)).toBeGreaterThanOrEqual(
      10n ** 22n + BigInt(acknowledged.length),
    )
  }, 120_000)
})
