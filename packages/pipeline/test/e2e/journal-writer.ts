// Appends records to a journal for ever and reports each acknowledged number on its standard output; the test kills it.
import { Journal } from '../../src/journal/index.ts'
import { folderStorage } from '../../src/journal/node.ts'

const journal = await Journal.open(folderStorage(process.argv[2]!), { segmentBytes: 200_000 })
process.stdout.write(`${journal.next}\n`)
for (;;) {
  const first = journal.next
  const group = Array.from({ length: 50 }, (_, i) =>
    new TextEncoder().encode(`record ${first + BigInt(i)} ${'x'.repeat(Number(first % 97n))}`),
  )
  const last = await journal.appendMany(group)
  process.stdout.write(`${last + 1n}\n`)
}
