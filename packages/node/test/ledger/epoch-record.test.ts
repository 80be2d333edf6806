import type { Address, Hex } from '@zos/dag'
import { expect, test } from 'vitest'
import { devnetGenesis } from '../../src/genesis/devnet-genesis.ts'
import { decodeEpochStart, encodeEpochStart } from '../../src/ledger/epoch-record.ts'
import { createGenesisUnit } from '../../src/ledger/genesis-unit.ts'

test('the start of an epoch comes back with the keys that its members have', async () => {
  const { genesis } = devnetGenesis({ validators: 2, timestampMs: 0 })
  const unit = await createGenesisUnit(genesis)
  const member = {
    address: genesis.validators[0]!.address as Address,
    publicKey: new Uint8Array(33).fill(2),
    stake: 7n,
  }
  const start = {
    number: 3,
    unit: { id: unit.id, header: unit.header },
    height: 9,
    mci: 8,
    block: 4,
    members: [
      { ...member, isogenyKey: new Uint8Array(83).fill(5), vrfKey: new Uint8Array(32).fill(6) },
      { ...member, isogenyKey: new Uint8Array(83).fill(5) },
      { ...member, vrfKey: new Uint8Array(32).fill(6) },
      member,
    ],
    chain: { size: 1, peaks: [`0x${'12'.repeat(32)}` as Hex] },
  }
  expect(decodeEpochStart(encodeEpochStart(start))).toEqual(start)
})
