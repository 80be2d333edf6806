/** U8: rules versions. Which rules hold at which index, who decides, and what a node does that lacks one. */
import { DagError } from '../errors.ts'
import { blake2b256, type Hash } from '../unit/header.ts'
import { bytesToHex, type Hex } from '../unit/id.ts'

/** From an index on, a version of the rules holds. */
export interface Activation {
  readonly fromMci: number
  readonly version: number
}

/** A registry of the modules that a program has, and the ledger's schedule of versions. */
export class RulesRegistry<Rules> {
  readonly #modules = new Map<number, Rules>()
  readonly #schedule: Activation[]

  /** `modules`: rules by version; `first`: the version from index 0. Throws `DAG_RULES_UNKNOWN` if it is not among them. */
  constructor(modules: Readonly<Record<number, Rules>>, first = 1) {
    for (const [version, rules] of Object.entries(modules)) this.#modules.set(Number(version), rules)
    this.#schedule = [{ fromMci: 0, version: first }]
    this.#module(first, 0)
  }

  #module(version: number, mci: number): Rules {
    const rules = this.#modules.get(version)
    if (rules === undefined) {
      const have = [...this.#modules.keys()].sort((a, b) => a - b).join(', ')
      const message = `rules version ${version} holds from index ${mci}, this program has ${have}: update it; until then this node must stop`
      throw new DagError('DAG_RULES_UNKNOWN', message, { version, mci })
    }
    return rules
  }

  /** The version at an index. */
  versionAt(mci: number): number {
    let version = this.#schedule[0]!.version
    for (const activation of this.#schedule) if (activation.fromMci <= mci) version = activation.version
    return version
  }

  /** The rules at an index. Throws `DAG_RULES_UNKNOWN` if this program lacks them: the node stops before it diverges. */
  at(mci: number): Rules {
    const activation = this.#schedule.findLast(({ fromMci }) => fromMci <= mci)!
    return this.#module(activation.version, activation.fromMci)
  }

  /** Adds an activation that the ledger decided, later than all before. Known or not: `at` tells when it matters. */
  activate(activation: Activation): void {
    const last = this.#schedule.at(-1)!
    if (activation.fromMci <= last.fromMci || activation.version <= last.version) {
      const message = `version ${activation.version} from ${activation.fromMci} does not come after version ${last.version} from ${last.fromMci}`
      throw new DagError('DAG_INVALID_ARGUMENT', message, { ...activation })
    }
    this.#schedule.push(activation)
  }

  /** The schedule so far. */
  get schedule(): readonly Activation[] {
    return [...this.#schedule]
  }

  /** What checkpoints carry: the hash of the schedule. Nodes that differ in it are on different ledgers. */
  hash(hash: Hash = blake2b256): Hex {
    const bytes = new Uint8Array(16 * this.#schedule.length)
    const view = new DataView(bytes.buffer)
    this.#schedule.forEach(({ fromMci, version }, i) => {
      view.setBigUint64(16 * i, BigInt(fromMci))
      view.setBigUint64(16 * i + 8, BigInt(version))
    })
    return bytesToHex(hash(bytes))
  }
}

/** What a validator's unit signals: the highest version that it is ready for. */
export interface Signal {
  readonly validator: string
  readonly version: number
}

/**
 * The version that an epoch's signals activate: the highest that validators with at least `numerator / denominator` of the stake
 * (default 4/5) signalled throughout, that is in every signal of theirs; undefined if none is above `current`. Integer arithmetic.
 */
export function activatedVersion(
  signals: Iterable<Signal>,
  stakes: ReadonlyMap<string, bigint>,
  current: number,
  threshold: readonly [numerator: bigint, denominator: bigint] = [4n, 5n],
): number | undefined {
  const ready = new Map<string, number>()
  for (const { validator, version } of signals) ready.set(validator, Math.min(version, ready.get(validator) ?? version))
  let total = 0n
  for (const stake of stakes.values()) total += stake
  const versions = [...new Set(ready.values())].filter((version) => version > current).sort((a, b) => b - a)
  return versions.find((version) => {
    let behind = 0n
    for (const [validator, stake] of stakes) if ((ready.get(validator) ?? 0) >= version) behind += stake
    return behind * threshold[1] >= total * threshold[0] && total > 0n
  })
}
