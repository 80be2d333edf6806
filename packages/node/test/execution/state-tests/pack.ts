/** Chooses the cases that the project carries: `ZOS_ETHEREUM_TESTS=… node test/execution/state-tests/pack.ts`. */
import { writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { casesIn, type PublishedCase, pack, testFiles } from './published-cases.ts'

/** Larger files are left out. */
const MOST_BYTES = 40_000
/** Files of a folder, spread over it, and cases of a file. */
const FILES = 16
const CASES = 3
/** They run for a second and more. */
const SLOW =
  /stTimeConsuming|Performance|stQuadratic|stAttack|static_Loop|Call1024|Call50000|until_out_of_gas|CannotBeDosd/

const folders = new Map<string, string[]>()
for (const { name, bytes } of testFiles()) {
  if (bytes > MOST_BYTES || SLOW.test(name)) continue
  const folder = dirname(name)
  folders.set(folder, [...(folders.get(folder) ?? []), name])
}
const chosen: PublishedCase[] = []
for (const names of folders.values())
  for (let index = 0; index < Math.min(FILES, names.length); index++) {
    const name = names[Math.floor((index * names.length) / Math.min(FILES, names.length))]!
    const cases = [...casesIn(name)]
    for (let at = 0; at < Math.min(CASES, cases.length); at++)
      chosen.push(cases[Math.floor((at * cases.length) / CASES)] ?? cases[at]!)
  }
const packed = pack([...new Set(chosen)])
writeFileSync(new URL('vectors/state-tests.json.br', import.meta.url), packed)
console.log(`${new Set(chosen).size} cases of ${folders.size} folders, ${packed.length} bytes`)
