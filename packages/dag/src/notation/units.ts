/** From the notation to units with real headers and ids, and back. */
import type { UnitRef } from '../dag/dag.ts'
import { DagError } from '../errors.ts'
import { type UnitHeader, unitId } from '../unit/header.ts'
import { type Address, bytesToHex, hexToBytes, type UnitId } from '../unit/id.ts'
import { MessageKind } from '../unit/message.ts'
import { createHeader } from '../unit/unit.ts'
import { type Notation, type NotedUnit, parseNotation } from './notation.ts'

/** A notation with the units that it stands for. */
export interface NotedLedger {
  readonly notation: Notation
  readonly genesis: UnitRef
  /** All but the genesis, parents first. */
  readonly units: readonly UnitRef[]
  /** Throws `DAG_INVALID_ARGUMENT` for a name that is not there. */
  idOf(name: string): UnitId
  /** The name of a unit; its id when it has none. */
  nameOf(id: UnitId): string
  /** The address that stands for a validator's name. */
  addressOf(validator: string): Address
}

/** The address of a name: its letters, padded. Not the address of any key. */
function addressOf(name: string): Address {
  return bytesToHex(Uint8Array.from([...name.slice(0, 20).padEnd(20, '\0')], (char) => char.charCodeAt(0))) as Address
}

/** Reads a notation and makes its units, unsigned, in network 0. `timestampMs` is the number of the unit. */
export function unitsOf(text: string): NotedLedger {
  const notation = parseNotation(text)
  const ids = new Map<string, UnitId>()
  const names = new Map<UnitId, string>()
  const headers: UnitHeader[] = notation.units.map((unit, i) => {
    const header = headerOf(unit, i, ids, notation)
    const id = unitId(header)
    ids.set(unit.name, id)
    names.set(id, unit.name)
    return header
  })
  const idOf = (name: string) => {
    const id = ids.get(name)
    if (!id) throw new DagError('DAG_INVALID_ARGUMENT', `the notation has no unit "${name}"`, { name })
    return id
  }
  const refs = headers.map((header, i) => ({ id: idOf(notation.units[i]!.name), header }))
  return { notation, genesis: refs[0]!, units: refs.slice(1), idOf, nameOf: (id) => names.get(id) ?? id, addressOf }
}

function headerOf(unit: NotedUnit, i: number, ids: ReadonlyMap<string, UnitId>, notation: Notation): UnitHeader {
  const parents = unit.parents.map((name) => ids.get(name)!)
  const first = ids.get(notation.units[0]!.name)
  const writes = notation.writes.get(unit.name)?.map(hexToBytes)
  const messages = writes ? [{ kind: MessageKind.data, version: 1, body: new Uint8Array(0), reads: [], writes }] : []
  const authors = i === 0 ? [] : [addressOf(unit.validator?.name ?? unit.name)]
  return createHeader(
    {
      networkId: 0,
      parents,
      timestampMs: i,
      lastFinal: { mci: 0, id: first ?? (`0x${'0'.repeat(64)}` as UnitId) },
      validUntilMci: Number.MAX_SAFE_INTEGER,
      ...(unit.validator && { validator: { round: unit.validator.round, selfParent: parents[0]! } }),
    },
    messages,
    authors,
  )
}

/** Names units (parents first, the genesis first of all) for the notation: validators A, B …, user units u1, u2 …. */
export function notationOf(units: readonly UnitRef[], commits: readonly UnitId[] = []): Notation {
  const names = new Map<UnitId, string>()
  const letters = new Map<Address, string>()
  const used = new Set<string>()
  const letterOf = (address: Address) => {
    const known = letters.get(address)
    if (known) return known
    let number = letters.size
    let text = ''
    do {
      text = String.fromCharCode(65 + (number % 26)) + text
      number = Math.floor(number / 26) - 1
    } while (number >= 0)
    letters.set(address, text)
    return text
  }
  const noted = units.map(({ id, header }, i): NotedUnit => {
    const author = header.authors[0]
    const validator = header.validator && author ? { name: letterOf(author), round: header.validator.round } : undefined
    let name = i === 0 ? 'g' : validator ? `${validator.name}${validator.round}` : `u${i}`
    while (used.has(name)) name += "'"
    used.add(name)
    const parents = header.parents.map((parent) => names.get(parent) ?? parent)
    names.set(id, name)
    return { name, parents, validator }
  })
  return { units: noted, commits: commits.map((id) => names.get(id) ?? id), claims: new Map(), writes: new Map() }
}
