import { readFileSync } from 'node:fs'
import { NodeError } from '../errors.ts'
import { readSettings, type Settings, type ValuesOf } from './settings.ts'

/** The settings of a command: its flags, `ZOS_*`, and the JSON file that `--config` or `ZOS_CONFIG` names. Errors: `NODE_INVALID_ARGUMENT`. */
export function loadSettings<T extends Settings>(
  settings: T,
  flags: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): ValuesOf<T> {
  const { config = env.ZOS_CONFIG, ...rest } = flags
  if (config === undefined) return readSettings(settings, { flags: rest, env })
  return readSettings(settings, { flags: rest, env, file: readFile(String(config)) })
}

function readFile(name: string): { name: string; values: Record<string, unknown> } {
  let text: string
  try {
    text = readFileSync(name, 'utf8')
  } catch (error) {
    throw new NodeError('NODE_INVALID_ARGUMENT', `cannot read ${name}: ${(error as Error).message}`, { name })
  }
  let values: unknown
  try {
    values = JSON.parse(text)
  } catch (error) {
    throw new NodeError('NODE_INVALID_ARGUMENT', `${name} is not JSON: ${(error as Error).message}`, { name })
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    throw new NodeError('NODE_INVALID_ARGUMENT', `${name} must hold an object with settings`, { name })
  return { name, values: values as Record<string, unknown> }
}
