/**
 * Writes units to LevelDB stores, all at once, until it is killed: batch after batch. Prints a line for each batch that was acknowledged: the
 * number of the store, and of its units. `node store-writer.js FOLDER,UNITS,LAST …`: how many units each store has, and the last.
 */
import { createUnit, type Unit, type UnitId } from '../../src/index.ts'
import { openUnitStore } from '../../src/store/index.ts'
import { openLevelKeyValue } from '../../src/store/level.ts'
import { genesis, NETWORK } from '../ledger.ts'

async function write(argument: string, number: number): Promise<never> {
  const [folder, units, id] = argument.split(',') as [string, string, UnitId]
  const store = await openUnitStore(await openLevelKeyValue(folder))
  let last = id
  let round = Number(units)
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
      // Nothing here verifies signatures, so an author without a key will do.
      const body = new Uint8Array(200).fill(round)
      const unit = await createUnit({ ...fields, messages: [{ kind: 9, version: 1, body }], signers: [signer] })
      last = unit.id
      units.push(unit)
    }
    await store.write({ units, commits: units.map(({ id }) => id) })
    process.stdout.write(`${number} ${round}\n`)
  }
}

const signer = {
  address: `0x${'5'.repeat(40)}` as never,
  publicKey: new Uint8Array(33),
  sign: () => new Uint8Array(64),
}

await Promise.all(process.argv.slice(2).map(write))
