// The node's side of the TPU benches, a process of its own: framed TCP in, verification on worker threads, bank, journal with fdatasync
// before every acknowledgement. argv: folder, workers, "serve" or "replay". The folder holds `genesis`: funded addresses, 20 bytes each.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Accounts, Bank } from '@zos/pipeline/bank'
import { Journal } from '@zos/pipeline/journal'
import { folderStorage } from '@zos/pipeline/journal/node'
import { listenFrames, verifyOnWorkers } from '@zos/pipeline/node'
import { bankTransfers, createTpu, decodeAny, replayTransactions } from '@zos/pipeline/tpu'
import { CHAIN_ID } from './generator.ts'
import { tokenBank } from './token-bank.ts'

const [folder, workerCount, mode, kind] = process.argv.slice(2) as [string, string, string, string]
const genesis = new Uint8Array(readFileSync(join(folder, 'genesis')))
const bank = new Bank(new Accounts(genesis.length / 20))
for (let at = 0; at < genesis.length; at += 20)
  bank.accounts.set(genesis.subarray(at, at + 20), { nonce: 0n, balance: 10n ** 24n })
const workers = verifyOnWorkers(Number(workerCount), { keyTables: 131_072 })
const token = kind === 'erc20' ? await tokenBank(genesis) : undefined
const stages = {
  chainId: CHAIN_ID,
  verify: workers.verify,
  verifyConcurrency: workers.size,
  bank: token?.stage ?? bankTransfers(bank),
}
const journal = await Journal.open(folderStorage(join(folder, 'journal')))
const say = (message: unknown) => process.send!(message as object)

if (mode === 'replay') {
  const ids: Uint8Array[] = []
  async function* raws() {
    for await (const { payload } of journal.replay()) {
      const decoded = decodeAny(payload, CHAIN_ID)
      if (decoded.status === 'ok') ids.push(decoded.tx.id)
      yield payload
    }
  }
  const start = performance.now()
  const result = await replayTransactions(raws(), stages)
  const seconds = (performance.now() - start) / 1000
  writeFileSync(join(folder, 'ids'), Buffer.concat(ids))
  say({
    applied: result.applied,
    rejected: result.rejected.length,
    seconds,
    digest: Buffer.from(((await token?.accounts()) ?? bank.accounts).digest()).toString('hex'),
  })
  await journal.close()
  workers.close()
  process.disconnect()
} else {
  const tpu = createTpu({
    ...stages,
    write: (batch) => journal.appendMany(batch.map((tx) => tx.raw)),
    limits: { perSource: 16_384 },
  })
  const server = await listenFrames({ tpu })
  say({ port: server.port })
  let cpu = process.cpuUsage()
  process.on('message', (message) => {
    if (message === 'cpu') {
      const { user, system } = process.cpuUsage(cpu)
      cpu = process.cpuUsage()
      say({ cpuSeconds: (user + system) / 1e6, rss: process.memoryUsage.rss(), stats: tpu.stats() })
    }
  })
}
