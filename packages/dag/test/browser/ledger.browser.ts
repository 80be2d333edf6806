/** Units, DAG, main chain and the IndexedDB store in a browser. */
import {
  createLedger,
  createUnit,
  decodeUnit,
  encodeUnit,
  type Unit,
  type UnitId,
  verifyUnitSignatures,
} from '../../src/index.ts'
import { openUnitStore, restoreLedger } from '../../src/store/index.ts'
import { openIndexedDbKeyValue } from '../../src/store/indexeddb.ts'
import { signerFromPrivateKey } from '../../src/unit/signature.ts'

function assert(condition: boolean, what: string): void {
  if (!condition) throw new Error(what)
}

export async function run(): Promise<void> {
  const fields = {
    networkId: 7,
    timestampMs: 0,
    lastFinal: { mci: 0, id: `0x${'0'.repeat(64)}` as UnitId },
    validUntilMci: 1000,
  }
  const genesis = await createUnit({ ...fields, parents: [], messages: [], signers: [] })
  const ledger = createLedger({ genesis, stakeAt: () => 1n })
  const signer = signerFromPrivateKey(new Uint8Array(32).fill(1))
  const units: Unit[] = []
  for (let round = 1; round <= 8; round++) {
    const selfParent = units.at(-1)?.id ?? genesis.id
    const messages = [{ kind: 9, version: 1, body: Uint8Array.of(round) }]
    const made = await createUnit({
      ...fields,
      parents: [],
      validator: { round, selfParent },
      messages,
      signers: [signer],
    })
    const unit = decodeUnit(encodeUnit(made))
    assert((await verifyUnitSignatures(unit)) === undefined, 'a signature does not hold')
    assert(ledger.append(unit).status === 'added', 'a unit was refused')
    units.push(unit)
  }
  const name = `zos-${crypto.randomUUID()}`
  let store = await openUnitStore(await openIndexedDbKeyValue(name))
  await store.write({ units: units.slice(0, 5) })
  await store.write({ units: units.slice(5), commits: [units[5]!.id] })
  await store.close()
  store = await openUnitStore(await openIndexedDbKeyValue(name))
  const again = createLedger({ genesis, stakeAt: () => 1n })
  const restored = await restoreLedger(again, store)
  assert(restored.units === 8 && restored.commits === 1, 'the store lost something')
  assert(again.mainChain.tip.mci === 6 && again.mainChain.tip.id === units[5]!.id, 'the main chain differs')
  await store.close()
}
