/**
 * The DAG language of Sui's committer tests (MystenLabs/sui `consensus/core/src/test_dag_parser.rs`), read into a
 * {@link TextDag}:
 *
 * ```
 * Round 1 : { * }
 * Round 2 : { A -> [*], B -> [-D1], C -> [A1, B1, C1], D -> [] }
 * ```
 * `{ * }`: everyone refers to every unit of the round before. `[*]`: all of the round before; `[-D1]`: all but; `[A1, B1]`:
 * these. A name may carry a letter for a second unit of its author: `D2b -> [*]`. Everyone also refers to its own last unit.
 */
import { createTextDag, GENESIS, parseName, type TextDag } from './text-dag.ts'

export function parseDag(text: string, authors: readonly string[], dag: TextDag = createTextDag()): TextDag {
  for (const match of text.matchAll(/Round\s+(\d+)\s*:\s*\{([^}]*)\}/g)) {
    const round = Number(match[1])
    const body = match[2]!.trim()
    if (body === '*') {
      for (const author of authors) add(dag, `${author}${round}`, ['*'], round)
      continue
    }
    for (const entry of body.matchAll(/([A-Z]+)(\d+[a-z]*)?\s*->\s*\[([^\]]*)\]/g)) {
      const name = entry[2] === undefined ? `${entry[1]}${round}` : `${entry[1]}${entry[2]}`
      const parents = entry[3]!
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '')
      add(dag, name, parents, round)
    }
  }
  return dag
}

function add(dag: TextDag, name: string, items: readonly string[], round: number): void {
  const { author } = parseName(name)
  const before = round === 1 ? [GENESIS] : [...dag.roundUnits(round - 1)]
  const parents = new Set<string>()
  if (items.includes('*') || (items.length > 0 && items.every((item) => item.startsWith('-')))) {
    for (const id of before) parents.add(id)
  }
  for (const item of items) {
    if (item.startsWith('-')) parents.delete(item.slice(1))
    else if (item !== '*') parents.add(item)
  }
  const own =
    [...parents].find((id) => id !== GENESIS && parseName(id).author === author) ??
    ownLast(dag, author, round) ??
    GENESIS
  parents.delete(own)
  dag.add(name, [own, ...[...parents].sort()])
}

function ownLast(dag: TextDag, author: string, round: number): string | undefined {
  for (let lower = round - 1; lower > 0; lower -= 1) {
    const [unit] = dag.authorUnits(author as never, lower)
    if (unit !== undefined) return unit
  }
  return undefined
}
