/** Whether a new version of a contract may take over the storage of an old one. */
import type { StorageLayout, StorageType, Variable } from './storage-layout.ts'

/** A difference between two layouts. */
export interface LayoutChange {
  /** True when stored data would be read as something else. */
  readonly breaking: boolean
  /** The variable, such as `entries[].note` or `erc7201:example.main/owner`. */
  readonly where: string
  readonly message: string
}

/** A set of variables with their types: the contract's own, a namespace, or a struct. */
interface Area {
  readonly variables: readonly Variable[]
  readonly types: Readonly<Record<string, StorageType>>
}

/**
 * What changed from `before` to `after`. Every variable that was there has to stay at its place with an equal type; new ones may only take room
 * that nothing used: behind the others, in a `__gap`, in the rest of a slot. Renaming is told, and does not break.
 */
export function layoutChanges(before: StorageLayout, after: StorageLayout): LayoutChange[] {
  const compare = new Comparison(before.enums, after.enums)
  compare.areas(
    { variables: before.variables, types: before.types },
    { variables: after.variables, types: after.types },
    '',
  )
  for (const [id, type] of Object.entries(before.namespaces)) {
    const now = after.namespaces[id]
    if (now === undefined) compare.breaks(`erc7201:${id}`, 'the namespace is gone')
    else {
      const [old, fresh] = [before.namespaceTypes[type], after.namespaceTypes[now]]
      compare.areas(
        { variables: old?.members ?? [], types: before.namespaceTypes },
        { variables: fresh?.members ?? [], types: after.namespaceTypes },
        `erc7201:${id}/`,
      )
    }
  }
  for (const id of after.misplaced)
    compare.breaks(`erc7201:${id}`, 'the constant for its place is not what ERC-7201 computes')
  return compare.changes
}

class Comparison {
  readonly changes: LayoutChange[] = []
  readonly #compared = new Set<string>()
  readonly #enumsBefore: StorageLayout['enums']
  readonly #enumsAfter: StorageLayout['enums']

  constructor(before: StorageLayout['enums'], after: StorageLayout['enums']) {
    this.#enumsBefore = before
    this.#enumsAfter = after
  }

  breaks(where: string, message: string): void {
    this.changes.push({ breaking: true, where, message })
  }

  areas(before: Area, after: Area, prefix: string): void {
    const unmatched = new Set(after.variables)
    for (const old of before.variables) {
      if (isGap(old)) continue
      const where = prefix + old.label
      const now = after.variables.find((one) => one.slot === old.slot && one.offset === old.offset && !isGap(one))
      if (!now) {
        const moved = after.variables.find(({ label }) => label === old.label)
        this.breaks(where, moved ? `it moved from ${place(old)} to ${place(moved)}` : 'it is gone')
        continue
      }
      unmatched.delete(now)
      const elsewhere = now.label === old.label ? undefined : after.variables.find(({ label }) => label === old.label)
      if (elsewhere) this.breaks(where, `it moved from ${place(old)} to ${place(elsewhere)}`)
      else if (now.label !== old.label)
        this.changes.push({ breaking: false, where, message: `it is called ${prefix}${now.label} now` })
      this.types(before, old.type, after, now.type, where, false)
    }
    const taken = before.variables.filter((one) => !isGap(one)).map((one) => range(one, before.types))
    for (const fresh of unmatched) {
      if (isGap(fresh)) continue
      const [from, to] = range(fresh, after.types)
      const overlaps = taken.some(([start, end]) => from < end && start < to)
      this.changes.push({
        breaking: overlaps,
        where: prefix + fresh.label,
        message: overlaps
          ? `it is new at ${place(fresh)}, where something else is stored`
          : `it is new at ${place(fresh)}`,
      })
    }
  }

  /** `grows`: whether the value has nothing behind it, as in a mapping. */
  types(before: Area, oldKey: string, after: Area, newKey: string, where: string, grows: boolean): void {
    const pair = `${oldKey} ${newKey} ${grows}`
    if (this.#compared.has(pair)) return
    this.#compared.add(pair)
    const [old, now] = [before.types[oldKey], after.types[newKey]]
    if (!old || !now) return
    const changed = () => this.breaks(where, `its type was ${old.label} and is ${now.label}`)
    if (old.encoding !== now.encoding || kind(old) !== kind(now)) {
      changed()
      return
    }
    if (old.members) {
      this.areas(
        { variables: old.members, types: before.types },
        { variables: now.members ?? [], types: after.types },
        `${where}.`,
      )
      if (old.numberOfBytes !== now.numberOfBytes && !grows)
        this.breaks(where, `its size was ${old.numberOfBytes} bytes and is ${now.numberOfBytes}`)
      return
    }
    if (old.key && kind(before.types[old.key]) !== kind(after.types[now.key!])) {
      changed()
      return
    }
    if (old.value) this.types(before, old.value, after, now.value!, `${where}[]`, true)
    if (old.base) {
      if (old.encoding === 'inplace' && length(old) !== length(now)) changed()
      this.types(before, old.base, after, now.base!, `${where}[]`, false)
    }
    const members = this.#enumsBefore[old.label]
    const renamed = members?.some((name, index) => this.#enumsAfter[now.label]?.[index] !== name)
    if (renamed) this.breaks(where, `the members of ${old.label} are others`)
    if (old.numberOfBytes !== now.numberOfBytes && !old.base) changed()
  }
}

/** What of a type has to stay the same, but for what is compared part by part. Contracts are addresses, whatever their name. */
function kind(type: StorageType | undefined): string {
  if (!type) return ''
  if (type.members) return 'struct'
  if (type.base) return 'array'
  if (type.value) return 'mapping'
  return /^(contract |address)/.test(type.label) ? 'address' : type.label
}

function length({ label }: StorageType): string {
  return /\[(\d*)\]$/.exec(label)?.[1] ?? ''
}

function isGap({ label }: Variable): boolean {
  return /^_*gap/i.test(label)
}

function place({ slot, offset }: Variable): string {
  return offset === 0 ? `slot ${slot}` : `byte ${offset} of slot ${slot}`
}

function range({ slot, offset, type }: Variable, types: Area['types']): [bigint, bigint] {
  const from = BigInt(slot) * 32n + BigInt(offset)
  return [from, from + BigInt(types[type]?.numberOfBytes ?? '32')]
}
