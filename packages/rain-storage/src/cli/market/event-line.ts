/** Events of agents as lines of JSON. */
import type { KeeperEvent } from '../../market/deal-keeper.ts'
import type { ProviderEvent } from '../../market/provider-agent.ts'

/** One line: numbers of deals and CIDs are texts, an error is its message. */
export function eventLine(event: KeeperEvent | ProviderEvent): string {
  const fields = Object.entries(event).map(([name, value]) => [name, plain(value)])
  return JSON.stringify(Object.fromEntries(fields))
}

function plain(value: unknown): unknown {
  if (value instanceof Error) return value.message
  return typeof value === 'number' || typeof value === 'boolean' ? value : String(value)
}
