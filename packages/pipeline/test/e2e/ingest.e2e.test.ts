import { connect } from 'node:net'
// The built package: worker threads need its files.
import { Accounts, Bank } from '@zos/pipeline/bank'
import { signNativeTransfer } from '@zos/pipeline/native'
import { listenFrames, verifyOnWorkers } from '@zos/pipeline/node'
import { bankTransfers, createTpu, encodeFrame, FRAME_STATUS, REPLY_BYTES } from '@zos/pipeline/tpu'
import { Wallet } from 'ethers'
import { expect, test } from 'vitest'

test('framed transactions over a socket, verified on worker threads: each frame has its reply', async () => {
  const wallets = Array.from({ length: 3 }, (_, i) => new Wallet(`0x${(i + 1).toString(16).padStart(64, '0')}`))
  const bank = new Bank(new Accounts())
  const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.slice(2), 'hex'))
  for (const wallet of wallets) bank.accounts.set(bytes(wallet.address), { nonce: 0n, balance: 10n ** 20n })
  const workers = verifyOnWorkers(2)
  const tpu = createTpu({
    chainId: 7n,
    verify: workers.verify,
    verifyConcurrency: workers.size,
    bank: bankTransfers(bank),
    write: async () => {},
    batch: { count: 16, lingerMs: 2 },
  })
  const server = await listenFrames({ tpu })
  const raws = wallets.flatMap((wallet) =>
    Array.from({ length: 40 }, (_, nonce) =>
      signNativeTransfer(
        { chainId: 7n, nonce: BigInt(nonce), amount: 1n, fee: 0n, to: new Uint8Array(20).fill(9) },
        wallet,
      ),
    ),
  )
  raws.push(raws[0]!, raws[5]!.with(130, raws[5]![130]! ^ 1), new Uint8Array(9).fill(9))
  const statuses: string[] = Array(raws.length).fill('none')
  await new Promise<void>((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1')
    let rest = Buffer.alloc(0)
    let count = 0
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk])
      for (; rest.length >= REPLY_BYTES; rest = rest.subarray(REPLY_BYTES)) {
        statuses[rest.readUInt32LE(0)] = FRAME_STATUS[rest[4]!]!
        if (++count === raws.length) {
          socket.destroy()
          resolve()
        }
      }
    })
    for (const raw of raws) socket.write(encodeFrame(raw))
  })
  await tpu.close()
  await server.close()
  workers.close()
  expect(statuses.slice(0, 120)).toEqual(Array(120).fill('durable'))
  expect(statuses.slice(120)).toEqual(['duplicate', 'signature', 'malformed'])
  expect(bank.accounts.get(new Uint8Array(20).fill(9))?.balance).toBe(120n)
})
