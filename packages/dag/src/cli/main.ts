#!/usr/bin/env node
/** `zos-dag`: reads a unit log or the text notation, draws it, prints it, or checks it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { createDag } from '../dag/dag.ts'
import type { PictureSource } from '../draw/picture.ts'
import { ledgerHtml, ledgerSvg } from '../draw/svg.ts'
import { DagError } from '../errors.ts'
import { decodeLog } from '../log/unit-log.ts'
import { formatNotation } from '../notation/notation.ts'
import { notationOf, unitsOf } from '../notation/units.ts'
import { bytesToHex, type UnitId } from '../unit/id.ts'
import type { Unit } from '../unit/unit.ts'

const USAGE = `usage: zos-dag draw FILE [-o OUT.svg|OUT.html]   a picture: main chain, indices, conflicts, zones
       zos-dag print FILE                        the text notation
       zos-dag check FILE                        sizes, or what is wrong
FILE is a unit log or the text notation; - is standard input.
`

/** Units of a log begin with the byte of their frame, text never does with a zero length behind it. */
function isLog(bytes: Uint8Array): boolean {
  return (bytes[0] === 0x75 || bytes[0] === 0x63) && bytes[1] === 0
}

function read(file: string): PictureSource {
  const bytes = readFileSync(file === '-' ? 0 : file)
  if (!isLog(bytes)) return fromNotation(bytes.toString())
  const units: Unit[] = []
  const commits: UnitId[] = []
  for (const entry of decodeLog(bytes)) {
    if ('unit' in entry) units.push(entry.unit)
    else commits.push(entry.commit)
  }
  const genesis = units.find(({ header }) => header.parents.length === 0)
  if (!genesis) throw new DagError('DAG_INVALID_ARGUMENT', `${file} has no genesis`, { file })
  const writes = new Map(
    units.map(({ id, messages }) => [id, messages.flatMap(({ writes = [] }) => writes.map(bytesToHex))]),
  )
  for (const [id, keys] of writes) if (keys.length === 0) writes.delete(id)
  return { genesis, units: units.filter((unit) => unit !== genesis), commits, writes }
}

function fromNotation(text: string): PictureSource {
  const { genesis, units, notation, idOf, nameOf } = unitsOf(text)
  const ids = (names: readonly string[]) => names.map(idOf)
  return {
    genesis,
    units,
    nameOf,
    commits: ids(notation.commits),
    claims: new Map([...notation.claims].map(([key, names]) => [key, ids(names)])),
    writes: new Map([...notation.writes].map(([name, keys]) => [idOf(name), keys])),
  }
}

function check(source: PictureSource): string {
  const dag = createDag({ genesis: source.genesis })
  for (const unit of source.units) {
    const result = dag.append(unit)
    if (result.status === 'invalid')
      throw new DagError('DAG_UNIT_INVALID', `${unit.id}: ${result.code}: ${result.reason}`, { unit: unit.id })
  }
  return `${dag.size} units, ${dag.tips().length} tips, ${dag.waiting} waiting for parents\n`
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: 'string', short: 'o' }, help: { type: 'boolean', short: 'h' } },
  })
  const [command, file] = positionals
  if (values.help || !command || !file || !['draw', 'print', 'check'].includes(command)) {
    process.stdout.write(USAGE)
    process.exitCode = values.help ? 0 : 2
    return
  }
  const source = read(file)
  if (command === 'check') process.stdout.write(check(source))
  else if (command === 'print')
    process.stdout.write(formatNotation(notationOf([source.genesis, ...source.units], source.commits)))
  else {
    if (values.out && !/\.(svg|html)$/.test(values.out))
      throw new DagError('DAG_INVALID_ARGUMENT', `${values.out} must end in .svg or .html`, { out: values.out })
    const picture = values.out?.endsWith('.html') ? ledgerHtml(source, basename(file)) : ledgerSvg(source)
    if (values.out) writeFileSync(values.out, picture)
    else process.stdout.write(picture)
  }
}

try {
  main()
} catch (error) {
  process.stderr.write(`zos-dag: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
