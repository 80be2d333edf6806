import { expect, test } from 'vitest'
import { ProtoWriter } from '../../src/encoding/protobuf-wire.ts'
import { openRecord, readNode, sealRecord, writeRef } from '../../src/iavl/records.ts'
import {
  type CopiedRecord,
  copyLatestVersion,
  createMemoryDatabase,
  iavlSpec,
  openIavlStore,
  takeVersion,
  verifyMembership,
} from '../../src/index.ts'

const text = (value: string) => new TextEncoder().encode(value)

/** A store with a history: sets, changes and removals over some versions. */
async function filled(keys = 300) {
  const database = createMemoryDatabase()
  const store = openIavlStore({ database })
  for (let version = 0; version < 5; version++) {
    for (let i = version; i < keys; i += version + 1) store.tree.set(text(`key ${i}`), text(`value ${version}/${i}`))
    for (let i = version; i < keys; i += 17) store.tree.delete(text(`key ${i}`))
    await store.commit()
  }
  return { database, store }
}

const get =
  ({ get }: ReturnType<typeof createMemoryDatabase>) =>
  async (key: Uint8Array) =>
    get(key)

async function collect(records: AsyncIterable<CopiedRecord>): Promise<CopiedRecord[]> {
  const all: CopiedRecord[] = []
  for await (const record of records) all.push(record)
  return all
}

async function* stream(records: readonly CopiedRecord[]) {
  yield* records
}

async function taken(records: readonly CopiedRecord[]) {
  const database = createMemoryDatabase()
  const copy = await takeVersion(stream(records), (key, record) => database.write([[key, record]], []))
  return { database, copy }
}

test('a copy has the root, the pairs and the proofs of the original, and goes on like it', async () => {
  const { database, store } = await filled()
  const records = await collect(copyLatestVersion(get(database)))
  const { database: copied, copy } = await taken(records)
  expect(copy).toMatchObject({ version: 5, hash: store.tree.hashOf(5), nodes: 2 * store.tree.size - 1 })
  const again = openIavlStore({ database: copied })
  expect([...again.tree.entries()]).toEqual([...store.tree.entries()])
  const [key, value] = [...store.tree.entries()][7]!
  expect(verifyMembership(iavlSpec, copy.hash, again.tree.prove(key), key, value).status).toBe('valid')
  for (const one of [store, again]) {
    one.tree.set(text('key 3'), text('later'))
    one.tree.delete(text('key 8'))
    await one.commit()
    await one.prune(5)
  }
  expect(again.tree.hashOf(6)).toEqual(store.tree.hashOf(6))
  // What the original holds of older versions is not in the copy; what it needs is.
  expect(openIavlStore({ database: copied }).tree.get(text('key 3'))).toEqual(text('later'))
})

test('records ascend by path, and a copy can go on from any of them', async () => {
  const { database } = await filled(40)
  const records = await collect(copyLatestVersion(get(database)))
  expect(records.map(({ path }) => path)).toEqual(records.map(({ path }) => path).sort())
  for (const [i, { path }] of records.entries())
    expect(await collect(copyLatestVersion(get(database), path))).toEqual(records.slice(i))
})

test('an empty version is copied too', async () => {
  const database = createMemoryDatabase()
  const store = openIavlStore({ database })
  store.tree.set(text('a'), text('b'))
  await store.commit()
  store.tree.delete(text('a'))
  await store.commit()
  const { copy } = await taken(await collect(copyLatestVersion(get(database))))
  expect(copy).toMatchObject({ version: 2, hash: store.tree.hashOf(2), nodes: 0 })
})

test('records that are missing, doubled, out of order, changed or invented are refused', async () => {
  const { database } = await filled(30)
  const records = await collect(copyLatestVersion(get(database)))
  const refused = async (changed: readonly CopiedRecord[]) =>
    expect(taken(changed)).rejects.toMatchObject({ code: 'HUB_STORE_DAMAGED' })
  for (const [i, record] of records.entries()) {
    await refused(records.toSpliced(i, 1))
    await refused(records.toSpliced(i, 0, record))
    if (i > 0) await refused(records.toSpliced(i, 1, records[i === 1 ? 2 : i - 1]!))
    for (const at of [0, record.record.length >> 1, record.record.length - 1]) {
      const bytes = record.record.slice()
      bytes[at]! ^= 1
      await refused(records.toSpliced(i, 1, { ...record, record: bytes }))
    }
  }
  await refused([])
  await refused([...records, { path: '.2', record: records[1]!.record }])
})

test('a node that separates by another key, which no hash would show, is refused', async () => {
  const { database } = await filled(30)
  const records = await collect(copyLatestVersion(get(database)))
  let changed = 0
  for (const [i, { path, record }] of records.entries()) {
    if (path === '') continue
    const node = readNode(openRecord(record, 'node'))
    if (!node.leftRef || !node.rightRef) continue
    const writer = new ProtoWriter()
    writer.uint(node.height)
    writer.uint(node.size)
    writer.bytes(text('key 9999'))
    writeRef(writer, node.leftRef)
    writeRef(writer, node.rightRef)
    await expect(taken(records.toSpliced(i, 1, { path, record: sealRecord(writer) }))).rejects.toMatchObject({
      code: 'HUB_STORE_DAMAGED',
    })
    changed++
  }
  expect(changed).toBeGreaterThan(10)
})
