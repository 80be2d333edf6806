/** `zos start`: a node without a stake follows a running network and serves it. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesToHex } from '@ethereumjs/util'
import { startDevnet } from '@zos/node/devnet'
import { Wallet } from 'ethers'
import { expect, test } from 'vitest'
import { eventually, rpc } from './wait.ts'

const cli = new URL('../../dist/cli.js', import.meta.url).pathname

test('a node without a stake joins late and comes to the same blocks, also after a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zos-follower-'))
  const devnet = await startDevnet({ validators: 2, port: 0, roundIntervalMs: 100, dataDir: join(folder, 'net') })
  const port = 20_000 + (process.pid % 20_000)
  const start = () =>
    spawn(
      'node',
      [
        cli,
        'start',
        '--genesis',
        join(folder, 'net/genesis.json'),
        '--data-dir',
        join(folder, 'follower'),
        '--listen',
        '/ip4/127.0.0.1/tcp/0',
        '--port',
        String(port),
        '--peers',
        devnet.validators.flatMap(({ addresses }) => addresses).join(','),
      ],
      { stdio: 'ignore' },
    )
  const url = `http://127.0.0.1:${port}`
  const inStep = () =>
    eventually(async () => {
      const head = await rpc(devnet.rpcUrl, 'eth_getBlockByNumber', 'latest', false)
      return (
        (await eventually(() => rpc(url, 'eth_getBlockByNumber', head.number, false), 'the block')).hash === head.hash
      )
    }, 'the follower to be in step')
  let follower = start()
  try {
    await eventually(async () => (await devnet.validators[0]!.status()).block > 10, 'ten blocks')
    await inStep()
    const exited = new Promise((resolve) => follower.once('exit', resolve))
    follower.kill('SIGINT')
    expect(await exited).toBe(0)
    await eventually(async () => (await devnet.validators[0]!.status()).block > 25, 'more blocks')
    follower = start()
    await inStep()
    const wallet = new Wallet(bytesToHex(devnet.accounts[0]!.privateKey))
    const raw = await wallet.signTransaction({
      type: 2,
      chainId: devnet.genesis.chainId,
      nonce: 0,
      to: wallet.address,
      gasLimit: 21_000n,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 1n,
    })
    const hash = await rpc(url, 'eth_sendRawTransaction', raw)
    expect(
      (
        await eventually(
          () => rpc(url, 'eth_getTransactionReceipt', hash),
          'the receipt of a transaction sent to the follower',
        )
      ).status,
    ).toBe('0x1')
    expect(await rpc(url, 'zos_status')).toMatchObject({ validator: null, producing: false })
  } finally {
    follower.kill('SIGKILL')
    await devnet.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
