import { expect, test } from 'vitest'
import { isPipelineError } from '../../src/index.ts'
import { crc32c, Journal, MAX_RECORD_BYTES } from '../../src/journal/index.ts'
import { random } from '../random.ts'
import { crashStorage } from './crash-storage.ts'

const text = (s: string) => new TextEncoder().encode(s)

async function contents(journal: Journal, from = 0n): Promise<string[]> {
  const out: string[] = []
  for await (const { number, payload } of journal.replay(from))
    out.push(`${number}:${Buffer.from(payload).toString('latin1')}`)
  return out
}

test('CRC-32C has its published check value, and is the same however the data is cut', () => {
  expect(crc32c(text('123456789'))).toBe(0xe3069283)
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa) // RFC 3720 B.4
  const data = random().bytes(100)
  for (let cut = 0; cut <= 100; cut++)
    expect(crc32c(data.subarray(cut), crc32c(data.subarray(0, cut)))).toBe(crc32c(data))
})

test('records come back in order, across reopening and segments, from any number on', async () => {
  const disk = crashStorage()
  const journal = await Journal.open(disk.storage, { segmentBytes: 100 })
  expect(await journal.append(text('a'))).toBe(0n)
  expect(await journal.appendMany(['b', 'c'].map(text))).toBe(2n)
  for (let i = 3; i < 20; i++) await journal.append(text(`record ${i}`))
  await journal.close()
  expect(disk.files.size).toBeGreaterThan(3)
  const again = await Journal.open(disk.storage, { segmentBytes: 100 })
  expect(again.next).toBe(20n)
  expect((await contents(again)).length).toBe(20)
  expect(await contents(again, 18n)).toEqual(['18:record 18', '19:record 19'])
  await again.dropBefore(10n)
  expect((await contents(again))[0]).not.toBe('0:a')
  expect((await contents(again, 10n)).length).toBe(10)
  const third = await Journal.open(disk.storage)
  expect(third.next).toBe(20n)
})

test('appends made together share one sync', async () => {
  const journal = await Journal.open(crashStorage().storage)
  const numbers = await Promise.all(Array.from({ length: 100 }, (_, i) => journal.append(text(`${i}`))))
  expect(numbers).toEqual(Array.from({ length: 100 }, (_, i) => BigInt(i)))
  expect(journal.stats()).toMatchObject({ records: 100n, groups: 1 })
  const small = await Journal.open(crashStorage().storage, { groupBytes: 200 })
  await Promise.all(Array.from({ length: 100 }, (_, i) => small.append(text(`${i}`))))
  expect(small.stats().groups).toBeGreaterThan(10)
})

test('a thousand power cuts: what was acknowledged is there, what is there was written, and writing goes on', async () => {
  const { below, bytes, seed } = random()
  const rounds = process.env.ZOS_LONG ? 20_000 : 1000
  let disk = crashStorage()
  let written: string[] = []
  let acknowledged = 0
  for (let round = 0; round < rounds; round++) {
    if (round % 50 === 0) {
      disk = crashStorage()
      written = []
      acknowledged = 0
    }
    const journal = await Journal.open(disk.storage, { segmentBytes: 600 })
    const found = (await contents(journal)).map((line) => line.slice(line.indexOf(':') + 1))
    expect(found.length, `seed ${seed}, round ${round}`).toBeGreaterThanOrEqual(acknowledged)
    expect(found).toEqual(written.slice(0, found.length))
    written = found
    acknowledged = found.length // opening made them durable
    // Some groups are acknowledged; the last is cut off in the middle: written, its sync never returns.
    for (let i = below(4); i > 0; i--) {
      const group = Array.from({ length: 1 + below(4) }, () => bytes(below(80)))
      await journal.appendMany(group)
      written.push(...group.map((payload) => Buffer.from(payload).toString('latin1')))
      acknowledged = written.length
    }
    disk.failNextSyncs()
    const last = Array.from({ length: 1 + below(5) }, () => bytes(below(120)))
    await expect(journal.appendMany(last)).rejects.toSatisfy((e) => isPipelineError(e, 'PIPELINE_JOURNAL_FAILED'))
    written.push(...last.map((payload) => Buffer.from(payload).toString('latin1')))
    disk = disk.lose(below, 1 + below(100))
  }
})

test('damage to acknowledged records is an error, never a silent loss', async () => {
  const { below, seed } = random()
  for (let round = 0; round < 300; round++) {
    const disk = crashStorage()
    const journal = await Journal.open(disk.storage, { segmentBytes: 300 })
    for (let i = 0; i < 12; i++) await journal.append(text(`record number ${i}`))
    const before = await contents(journal)
    await journal.close()
    const names = [...disk.files.keys()].sort()
    const file = disk.files.get(names[below(names.length)]!)!
    const at = below(file.bytes.length)
    file.bytes = file.bytes.slice()
    file.bytes[at]! ^= 1 << below(8)
    // The mark of the last group says that all before it was durable, so only the last record itself may be taken for a torn tail.
    try {
      const reopened = await Journal.open(disk.storage)
      expect((await contents(reopened)).length, `seed ${seed}, round ${round}`).toBeGreaterThanOrEqual(
        before.length - 1,
      )
    } catch (error) {
      expect(isPipelineError(error, 'PIPELINE_JOURNAL_CORRUPT')).toBe(true)
    }
  }
})

test('a missing or foreign segment is an error', async () => {
  const disk = crashStorage()
  const journal = await Journal.open(disk.storage, { segmentBytes: 50 })
  for (let i = 0; i < 9; i++) await journal.append(text(`record number ${i}`))
  const names = [...disk.files.keys()].sort()
  const middle = disk.files.get(names[2]!)!
  disk.files.delete(names[2]!)
  await expect(Journal.open(disk.storage)).rejects.toSatisfy((e) => isPipelineError(e, 'PIPELINE_JOURNAL_CORRUPT'))
  disk.files.set(names[2]!, { ...middle, bytes: disk.files.get(names[1]!)!.bytes })
  await expect(Journal.open(disk.storage)).rejects.toSatisfy((e) => isPipelineError(e, 'PIPELINE_JOURNAL_CORRUPT'))
})

test('after a failed sync every append is refused; wrong arguments and closing are refused too', async () => {
  const disk = crashStorage()
  const journal = await Journal.open(disk.storage)
  await expect(journal.appendMany([])).rejects.toSatisfy((e) => isPipelineError(e, 'PIPELINE_INVALID_ARGUMENT'))
  await expect(journal.append(new Uint8Array(MAX_RECORD_BYTES + 1))).rejects.toSatisfy((e) =>
    isPipelineError(e, 'PIPELINE_INVALID_ARGUMENT'),
  )
  disk.failNextSyncs()
  const both = [journal.append(text('x')), journal.append(text('y'))]
  for (const append of both)
    await expect(append).rejects.toSatisfy((e) => isPipelineError(e, 'PIPELINE_JOURNAL_FAILED'))
  await expect(journal.append(text('z'))).rejects.toSatisfy((e) => isPipelineError(e, 'PIPELINE_JOURNAL_FAILED'))
  const other = await Journal.open(crashStorage().storage)
  await other.close()
  await expect(other.append(text('z'))).rejects.toSatisfy((e) => isPipelineError(e, 'PIPELINE_CLOSED'))
})
