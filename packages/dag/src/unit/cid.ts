/** Units as IPLD blocks: CIDv1, codec dag-cbor, multihash BLAKE2b-256 over the header's canonical bytes. */
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { DagError } from '../errors.ts'
import { UNIT_CID_PREFIX } from './cbor.ts'
import { encodeHeader, type UnitHeader } from './header.ts'
import { bytesToHex, hexToBytes, type UnitId } from './id.ts'

const DAG_CBOR = 0x71
const BLAKE2B_256 = 0xb220

/** The CID of the unit's header block. Its links are the parents, so IPLD tools walk the ledger. */
export function unitCid(id: UnitId): CID {
  return CID.createV1(DAG_CBOR, create(BLAKE2B_256, hexToBytes(id)))
}

/** The unit that a CID addresses. Throws `DAG_INVALID_ARGUMENT` unless it is CIDv1, dag-cbor, BLAKE2b-256. */
export function unitIdOfCid(cid: CID): UnitId {
  const prefix = cid.bytes.subarray(0, UNIT_CID_PREFIX.length)
  if (cid.bytes.length !== UNIT_CID_PREFIX.length + 32 || bytesToHex(prefix) !== bytesToHex(UNIT_CID_PREFIX)) {
    throw new DagError('DAG_INVALID_ARGUMENT', `not the CID of a unit: ${cid} (CIDv1, dag-cbor, blake2b-256)`, {
      cid: `${cid}`,
    })
  }
  return bytesToHex(cid.bytes.subarray(UNIT_CID_PREFIX.length)) as UnitId
}

/** A header as an IPLD block. */
export function unitBlock(header: UnitHeader, id: UnitId): { cid: CID; bytes: Uint8Array } {
  return { cid: unitCid(id), bytes: encodeHeader(header) }
}
