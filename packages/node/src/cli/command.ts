/** A command of `zos` made of typed settings: its flags, its help, and one line for everything that goes wrong. */
import { type ArgsDef, type CommandDef, defineCommand } from 'citty'
import { loadSettings } from '../config/load.ts'
import type { Setting, Settings, ValuesOf } from '../config/settings.ts'
import { fail, refuseUnknown } from './fail.ts'

export interface SettingsCommand<T extends Settings> {
  name: string
  description: string
  settings: T
  /** What follows the command, such as `export`, and what it does: each is a command of its own with the same settings. */
  actions?: Record<string, string>
  /** Loads what the command needs only now, so that `--help` answers at once. */
  run: (values: ValuesOf<T>, action: string) => Promise<void>
}

const CONFIG: Setting = {
  kind: 'text',
  hint: 'FILE',
  description: 'JSON file with settings; flags and ZOS_* variables win over it',
}

export function settingsCommand<T extends Settings>({
  name,
  description,
  settings,
  actions,
  run,
}: SettingsCommand<T>): CommandDef {
  const args: ArgsDef = Object.fromEntries(
    Object.entries({ ...settings, config: CONFIG }).map(([flag, one]) => [flag, argOf(one)]),
  )
  const command = (meta: { name: string; description: string }, action = ''): CommandDef =>
    defineCommand({
      meta,
      args,
      async run({ args: flags, rawArgs }) {
        try {
          const given = flags as Record<string, unknown>
          refuseUnknown(given, [...Object.keys(settings), 'config'])
          await run(loadSettings(settings, onlyGiven(settings, given, rawArgs)), action)
        } catch (error) {
          fail(error)
        }
      },
    })
  if (!actions) return command({ name, description })
  return defineCommand({
    meta: { name, description },
    subCommands: Object.fromEntries(
      Object.entries(actions).map(([action, does]) => [action, command({ name: action, description: does }, action)]),
    ),
  })
}

/** Defaults are put in by the settings, after the environment and the file had their say. */
function argOf({ kind, description, hint, default: value }: Setting): ArgsDef[string] {
  const text = value === undefined ? description : `${description} (default ${value})`
  return kind === 'switch'
    ? { type: 'boolean', description: text }
    : { type: 'string', description: text, ...(hint ? { valueHint: hint } : {}) }
}

/** Flags that were on the command line: the parser says false for switches that were not. */
function onlyGiven(
  settings: Settings,
  given: Record<string, unknown>,
  raw: readonly string[],
): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const name of [...Object.keys(settings), 'config']) {
    const value = given[name]
    if (value === undefined) continue
    const isSwitch = settings[name]?.kind === 'switch'
    if (
      isSwitch &&
      !raw.some((word) => word === `--${name}` || word === `--no-${name}` || word.startsWith(`--${name}=`))
    )
      continue
    values[name] = value
  }
  return values
}
