/** Bulk senders: length-framed raw transactions over TCP into the same processing unit that JSON-RPC feeds. */
import { connect } from 'node:net'
import { bytesToHex } from '@ethereumjs/util'
import { createNode, devnetGenesis } from '@zos/node'
import { encodeFrame, FRAME_STATUS, REPLY_BYTES } from '@zos/pipeline/tpu'
import { Wallet } from 'ethers'
import { expect, test } from 'vitest'
import { eventually, rpc } from './wait.ts'

test('framed transactions are answered one by one, and executed', async () => {
  const { genesis, accounts, validatorKeys } = devnetGenesis({ validators: 1, timestampMs: Date.now() })
  const node = await createNode({
    genesis,
    validatorKey: validatorKeys[0]!.privateKey,
    isogenyKey: validatorKeys[0]!.isogenyKey,
    roundIntervalMs: 50,
    ticketHashes: 0,
    rpc: { port: 0 },
    ingest: { port: 0 },
  })
  const wallet = new Wallet(bytesToHex(accounts[0]!.privateKey))
  const to = `0x${'ee'.repeat(20)}`
  const raw = async (nonce: number, fields = {}) =>
    Buffer.from(
      (
        await wallet.signTransaction({
          type: 2,
          chainId: genesis.chainId,
          nonce,
          to,
          value: 1n,
          gasLimit: 21_000n,
          maxFeePerGas: 10n ** 10n,
          maxPriorityFeePerGas: 1n,
          ...fields,
        })
      ).slice(2),
      'hex',
    )
  const frames = [
    ...(await Promise.all(Array.from({ length: 100 }, (_, nonce) => raw(nonce)))),
    await raw(3),
    await raw(500),
    await raw(100, { value: 10n ** 30n }),
    Buffer.from('c0', 'hex'),
  ]
  try {
    const statuses: string[] = []
    await new Promise<void>((resolve, reject) => {
      const socket = connect(node.ingestPort!, '127.0.0.1')
      let rest = Buffer.alloc(0)
      let answered = 0
      socket.on('error', reject)
      socket.on('data', (chunk) => {
        rest = Buffer.concat([rest, chunk])
        for (; rest.length >= REPLY_BYTES; rest = rest.subarray(REPLY_BYTES)) {
          statuses[rest.readUInt32LE(0)] = FRAME_STATUS[rest[4]!]!
          if (++answered === frames.length) resolve(void socket.destroy())
        }
      })
      for (const frame of frames) socket.write(encodeFrame(frame))
    })
    expect(statuses.slice(0, 100)).toEqual(Array(100).fill('durable'))
    expect(statuses.slice(100)).toEqual(['duplicate', 'nonce-gap', 'insufficient-funds', 'malformed'])
    await eventually(
      async () => BigInt(await rpc(node.rpcUrl!, 'eth_getBalance', to, 'latest')) === 100n,
      'all hundred',
    )
  } finally {
    await node.stop()
  }
})
