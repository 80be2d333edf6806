/** A process that signs rounds as fast as its guard allows, and prints each one after the guard let it pass. */
import { createSigningGuard } from '../../src/index.ts'
import { openFileGuardStore } from '../../src/platform/node.ts'

const [path, tag] = process.argv.slice(2) as [string, string]
const guard = await openFileGuardStore(path)
  .then(createSigningGuard)
  .catch((error) => {
    process.stdout.write(`refused ${error.code}\n`)
    process.exit(3)
  })
process.stdout.write(`open ${guard.last()?.round ?? 0}\n`)
for (let round = (guard.last()?.round ?? 0) + 1; ; round += 1) {
  await guard.claim(round, `${tag}-${round}` as never)
  process.stdout.write(`signed ${round}\n`)
}
