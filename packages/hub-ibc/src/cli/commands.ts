/// <reference types="node" />
import { type ArgsDef, defineCommand, runMain } from 'citty'

/** Does `work`; what goes wrong, also a flag or word that there is none of, is one line on stderr, not a stack, and exit code 1. */
async function said(
  { args, cmd }: { args: { readonly _: readonly string[] }; cmd: { readonly args?: unknown } },
  work: () => Promise<void>,
): Promise<void> {
  try {
    const known = Object.entries(cmd.args as ArgsDef)
    const unknown = Object.keys(args).find((name) => name !== '_' && !known.some(([flag]) => flag === name))
    if (unknown !== undefined) throw new Error(`there is no flag --${unknown}; see --help`)
    const extra = args._[known.filter(([, { type }]) => type === 'positional').length]
    if (extra !== undefined) throw new Error(`"${extra}" is not expected here; see --help`)
    await work()
  } catch (error) {
    console.error(`zos-relay: ${error instanceof Error ? error.message : String(error)}`)
    // Other paths may be waiting still.
    process.exit(1)
  }
}

const run = defineCommand({
  meta: { name: 'run', description: 'Relay packets over the paths of a configuration file until stopped' },
  args: {
    config: { type: 'positional', description: 'The configuration file (JSON)', required: true },
    once: { type: 'boolean', description: 'Stop when nothing is left to carry', default: false },
    metrics: { type: 'string', description: 'Serve Prometheus metrics on this port of 127.0.0.1' },
  },
  run: (context) =>
    said(context, async () => {
      const { args } = context
      const { relay } = await import('./run.ts')
      const port = Number(args.metrics)
      if (args.metrics !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536))
        throw new Error(`--metrics takes a port number, not ${args.metrics}`)
      await relay({
        config: args.config,
        once: args.once,
        ...(args.metrics ? { metricsPort: port } : {}),
      })
    }),
})

const check = defineCommand({
  meta: { name: 'check', description: 'Read a configuration file and say what is wrong with it' },
  args: { config: { type: 'positional', description: 'The configuration file (JSON)', required: true } },
  run: (context) =>
    said(context, async () => {
      const { args } = context
      const { readFileSync } = await import('node:fs')
      const { parseConfig } = await import('./config.ts')
      const { paths } = parseConfig(readFileSync(args.config, 'utf8'))
      console.log(`${paths.length} path(s): ${paths.map(({ name }) => name).join(', ')}`)
    }),
})

const connect = defineCommand({
  meta: { name: 'connect', description: 'Open a path: clients on both chains, and for IBC v1 a channel' },
  args: {
    config: { type: 'positional', description: 'The configuration file (JSON)', required: true },
    path: { type: 'positional', description: 'The name of the path; its ends need no "clientId" yet', required: true },
    port: { type: 'string', description: 'For IBC v1: the port on both chains, such as transfer' },
  },
  run: (context) =>
    said(context, async () => {
      const { args } = context
      const { connect } = await import('./connect.ts')
      const ends = await connect({ config: args.config, path: args.path, ...(args.port ? { port: args.port } : {}) })
      console.log(JSON.stringify(ends, undefined, 2))
    }),
})

await runMain(
  defineCommand({
    meta: { name: 'zos-relay', description: 'Carries IBC packets, v1 and v2, between chains' },
    subCommands: { run, check, connect },
  }),
)
