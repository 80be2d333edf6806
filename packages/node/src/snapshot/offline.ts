/** What `zos snapshot` does: a snapshot from running nodes to a file, from a file into a data directory, and a file on trial. */
import { mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bytesToHex, hexToBytes } from '@ethereumjs/util'
import type { Address } from '@zos/dag'
import { CheckpointStore } from '../checkpoint/checkpoint-store.ts'
import { schemesOf } from '../checkpoint/members.ts'
import { createCheckpointSignatures } from '../checkpoint/signatures.ts'
import { NodeError } from '../errors.ts'
import { type Genesis, genesisHash } from '../genesis/genesis.ts'
import { createIsogeny } from '../identity/isogeny.ts'
import { claimStore } from '../store/claim.ts'
import type { KeyValueStore } from '../store/kv.ts'
import { openLevelStore } from '../store/level.ts'
import { certifySnapshot } from './certify.ts'
import { openSnapshotFile, writeSnapshotFile } from './file.ts'
import { replaceBySnapshot } from './join.ts'
import type { SnapshotManifest } from './manifest.ts'
import { connectSnapshotPeers } from './peers.ts'
import type { SnapshotOptions } from './source.ts'

/** Fetches the newest certified snapshot of the network from `peers` into `file`. Errors: `NODE_HISTORY_PRUNED` if none has one, `NODE_DATA_DIR`, `NODE_DISK_FULL`. */
export async function exportSnapshot(
  options: { genesis: Genesis; peers: readonly string[]; file: string } & SnapshotOptions,
): Promise<SnapshotManifest> {
  const { genesis, peers: addresses, file, signal } = options
  const peers = await connectSnapshotPeers({
    addresses,
    genesisHash: genesisHash(genesis),
    ...(signal ? { signal } : {}),
  })
  try {
    const source = await peers.newest()
    await writeSnapshotFile(file, source, options)
    return source.manifest
  } finally {
    await peers.close()
  }
}

/**
 * Makes a data directory from a snapshot file: a node started there goes on from the snapshot. Goes on where an earlier import was cut
 * short. Errors: `NODE_DATA_DIR` if the directory holds a chain already, `NODE_SNAPSHOT_INVALID`, `NODE_GENESIS_MISMATCH`, `NODE_DISK_FULL`.
 */
export async function importSnapshotFile(
  options: { genesis: Genesis; file: string; dataDir: string } & SnapshotOptions,
): Promise<SnapshotManifest> {
  const { genesis, dataDir } = options
  const store = await openLevelStore(join(dataDir, 'db'))
  try {
    await claimStore(store, genesisHash(genesis), dataDir)
    if (store.get('head'))
      throw new NodeError('NODE_DATA_DIR', `${dataDir} holds a chain already; import into an empty directory`, {
        dataDir,
      })
    return await importInto(store, options)
  } finally {
    await store.close()
  }
}

/** Does everything that an import does, beside the file, and throws the result away. Errors: as {@link importSnapshotFile}. */
export async function verifySnapshotFile(
  options: { genesis: Genesis; file: string } & SnapshotOptions,
): Promise<SnapshotManifest> {
  const folder = mkdtempSync(join(dirname(options.file), '.zos-verify-'))
  const store = await openLevelStore(folder)
  try {
    return await importInto(store, options)
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function importInto(
  store: KeyValueStore,
  { genesis, file, ...options }: { genesis: Genesis; file: string } & SnapshotOptions,
): Promise<SnapshotManifest> {
  const hash = genesisHash(genesis)
  const source = await openSnapshotFile(file, bytesToHex(hash))
  const isogeny = createIsogeny()
  try {
    const signatures = createCheckpointSignatures({ networkId: genesis.chainId, schemes: schemesOf(genesis), isogeny })
    const checkpoints = new CheckpointStore(store)
    const members = genesis.validators.map(({ address, publicKey, isogenyKey, stake }) => ({
      address: address as Address,
      publicKey: hexToBytes(publicKey),
      ...(isogenyKey ? { isogenyKey: hexToBytes(isogenyKey) } : {}),
      stake: BigInt(stake),
    }))
    const { signal } = options
    await replaceBySnapshot(source, {
      store,
      genesis,
      genesisHash: hash,
      certify: () =>
        certifySnapshot(source, members, signatures, {
          onRecord: (record) => checkpoints.saveRecord(record),
          ...(signal ? { signal } : {}),
        }),
      ...options,
    })
    return source.manifest
  } finally {
    await isogeny.close()
    await source.close()
  }
}
