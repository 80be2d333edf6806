// Writes blocks into a pack store without end and says which are acknowledged: `ack NUMBER`. Killed by the test.
import { blockCid, codec } from '../../src/content/cid.ts'
import { defaultCrypto } from '../../src/crypto/default.ts'
import { openPackStore } from '../../src/platform/pack/pack-store.ts'

const store = await openPackStore(process.argv[2]!, { packBytes: 300_000 })
const start = Number(process.argv[3])
console.log(JSON.stringify({ size: String(store.size) }))
const crypto = defaultCrypto()
for (let batch = start; ; batch += 8) {
  await Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      const bytes = new Uint8Array(1000 + ((batch + i) % 7) * 5000).fill((batch + i) & 255)
      new DataView(bytes.buffer).setUint32(0, batch + i)
      const cid = await blockCid(crypto, codec.raw, bytes)
      await store.put(cid, bytes)
      process.stdout.write(`ack ${batch + i}\n`)
    }),
  )
}
