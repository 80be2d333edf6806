import { createUnit, MessageKind, type Unit, type UnitId } from '@zos/dag'
import { type Genesis, genesisHash } from '../genesis/genesis.ts'

/** The root of the DAG: a unit without parents or authors whose only message is the hash of the genesis file. */
export function createGenesisUnit(genesis: Genesis): Promise<Unit> {
  return createUnit({
    networkId: genesis.chainId,
    parents: [],
    timestampMs: genesis.timestampMs,
    lastFinal: { mci: 0, id: `0x${'00'.repeat(32)}` as UnitId },
    validUntilMci: 0,
    messages: [{ kind: MessageKind.data, version: 1, body: genesisHash(genesis) }],
    signers: [],
  })
}
