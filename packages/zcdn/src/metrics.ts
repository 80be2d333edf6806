/** A counter or gauge in the Prometheus text format. */
export interface Metric {
  name: string
  help: string
  type: 'counter' | 'gauge'
  values: readonly { labels?: Readonly<Record<string, string>>; value: number }[]
}

/** Writes metrics in the Prometheus text exposition format 0.0.4. */
export function formatMetrics(metrics: readonly Metric[]): string {
  const quoted = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
  return metrics
    .map(({ name, help, type, values }) => {
      const rows = values.map(({ labels = {}, value }) => {
        const pairs = Object.entries(labels).map(([key, text]) => `${key}="${quoted(text)}"`)
        return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`
      })
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${rows.join('')}`
    })
    .join('')
}
