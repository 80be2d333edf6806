/**
 * Writes units to a LevelDB store until it is killed, batch after batch, and prints the number of units after each batch that
 * was acknowledged. `node store-writer.ts FOLDER`
 */
import { createUnit, type Unit } from '../../src/index.ts'
import { openUnitStore } from '../../src/store/index.ts'
import { openLevelKeyValue } from '../../src/store/level.ts'
import { genesis, NETWORK } from '../ledger.ts'

const store = await openUnitStore(await openLevelKeyValue(process.argv[2]!))
let last = genesis.id
let round = 0
for await (const unit of store.units()) {
  last = unit.id
  round++
}
process.stdout.write(`start ${round}\n`)
for (;;) {
  const units: Unit[] = []
  for (let i = 0; i < 1 + (round % 4); i++) {
    round++
    const fields = {
      networkId: NETWORK,
      parents: [last],
      timestampMs: round,
      lastFinal: { mci: 0, id: genesis.id },
      validUntilMci: 9e9,
    }
    // A genesis has no signers; here nothing verifies signatures, so a header with an author and no key will do.
    const body = new Uint8Array(2000).fill(round)
    const unit = await createUnit({ ...fields, messages: [{ kind: 9, version: 1, body }], signers: [signer()] })
    last = unit.id
    units.push(unit)
  }
  await store.write({ units, commits: units.map(({ id }) => id) })
  process.stdout.write(`${round}\n`)
}

function signer() {
  const publicKey = new Uint8Array(33)
  return { address: `0x${'5'.repeat(40)}` as never, publicKey, sign: () => new Uint8Array(64) }
}
