import { readFileSync } from 'node:fs'
import { defineCommand } from 'citty'
import type { Genesis } from '../genesis/genesis.ts'
import type { SnapshotManifest } from '../snapshot/manifest.ts'
import type { SnapshotOptions, SnapshotProgress } from '../snapshot/source.ts'
import { fail, refuseUnknown } from './fail.ts'

const genesis = {
  type: 'string',
  required: true,
  description: 'Genesis file of the network',
  valueHint: 'FILE',
} as const
const file = { type: 'positional', required: true, description: 'The snapshot file', valueHint: 'SNAPSHOT' } as const
const json = { type: 'boolean', description: 'Print one JSON object' } as const

const exportArgs = {
  file,
  genesis,
  peers: {
    type: 'string',
    required: true,
    description: 'Multiaddrs of running nodes, with commas between',
    valueHint: 'ADDRS',
  },
  json,
} as const
const importArgs = {
  file,
  genesis,
  'data-dir': { type: 'string', required: true, description: 'Empty directory for the node', valueHint: 'DIR' },
  json,
} as const
const verifyArgs = { file, genesis, json } as const

export const snapshotCommand = defineCommand({
  meta: { name: 'snapshot', description: 'Fetch, import or verify a snapshot of the state' },
  subCommands: {
    export: defineCommand({
      meta: { name: 'export', description: 'Fetch the newest certified snapshot from running nodes' },
      args: exportArgs,
      run: ({ args }) => {
        refuseUnknown(withoutFile(args), Object.keys(exportArgs))
        const peers = args.peers.split(',').map((part) => part.trim())
        return run(args, async (options) =>
          (await import('../snapshot/offline.ts')).exportSnapshot({ ...options, peers }),
        )
      },
    }),
    import: defineCommand({
      meta: { name: 'import', description: 'Make a data directory from a snapshot' },
      args: importArgs,
      run: ({ args }) => {
        refuseUnknown(withoutFile(args), Object.keys(importArgs))
        return run(args, async (options) =>
          (await import('../snapshot/offline.ts')).importSnapshotFile({ ...options, dataDir: args['data-dir'] }),
        )
      },
    }),
    verify: defineCommand({
      meta: { name: 'verify', description: 'Check a snapshot: certificates, chunks, and the state root made anew' },
      args: verifyArgs,
      run: ({ args }) => {
        refuseUnknown(withoutFile(args), Object.keys(verifyArgs))
        return run(args, async (options) => (await import('../snapshot/offline.ts')).verifySnapshotFile(options))
      },
    }),
  },
})

type Options = SnapshotOptions & { genesis: Genesis; file: string }

/** Runs one action; Ctrl-C ends it in good order. */
async function run(
  args: { file: string; genesis: string; json?: boolean | undefined },
  action: (options: Options) => Promise<SnapshotManifest>,
): Promise<void> {
  const { parseGenesis } = await import('../genesis/parse-genesis.ts')
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort(new Error('stopped')))
  const onProgress = process.stderr.isTTY && !args.json ? show : () => {}
  try {
    const parsed = parseGenesis(readFileSync(args.genesis, 'utf8'), args.genesis)
    const manifest = await action({ genesis: parsed, file: args.file, signal: stop.signal, onProgress })
    const { start, block, chunks, bytes } = manifest
    const facts = {
      epoch: start.number,
      block: start.block,
      stateRoot: block.header.stateRoot,
      chunks: chunks.length,
      bytes,
    }
    if (args.json) console.log(JSON.stringify(facts))
    else
      console.log(
        `epoch ${facts.epoch}, block ${facts.block}, state ${facts.stateRoot}: ${facts.chunks} chunks, ${facts.bytes} bytes`,
      )
    process.exit(0)
  } catch (error) {
    fail(error)
  }
}

function show({ chunks, chunksDone, bytesDone }: SnapshotProgress): void {
  process.stderr.write(`\r${chunksDone} of ${chunks} chunks, ${(bytesDone / 1e6).toFixed(1)} MB`)
  if (chunksDone === chunks) process.stderr.write('\n')
}

/** The one positional argument is not a stray one. */
function withoutFile(args: Record<string, unknown>): Record<string, unknown> {
  return { ...args, _: (args._ as string[]).slice(1) }
}
