import { settingsCommand } from './command.ts'

export const startCommand = settingsCommand({
  name: 'start',
  description: 'Start one node of a network',
  settings: {
    genesis: { kind: 'text', required: true, hint: 'FILE', description: 'Genesis file of the network' },
    'data-dir': { kind: 'text', required: true, hint: 'DIR', description: 'Where the node keeps everything' },
    role: {
      kind: 'text',
      hint: 'ROLE',
      description:
        'worker: light, serves what it has proved; verifier: full; guardian: full, all of history and an index; queen: validator (default: queen with a key, else verifier)',
    },
    sources: { kind: 'list', hint: 'URLS', description: 'JSON-RPC URLs that a worker asks, with commas between' },
    checkpoint: { kind: 'text', hint: 'EPOCH:ID', description: 'Where a worker begins (default: the genesis)' },
    'validator-key': {
      kind: 'text',
      hint: 'FILE',
      description: 'Key file of a validator (zos keys, or hex); without it the node follows',
    },
    'isogeny-key': {
      kind: 'text',
      hint: 'FILE',
      description: 'File with the hex SQIsign secret key of that validator, where checkpoints are signed with both',
    },
    'password-file': { kind: 'text', hint: 'FILE', description: 'File with the password of the key file' },
    peers: { kind: 'list', hint: 'ADDRS', description: 'Multiaddrs of other nodes, with commas between' },
    listen: {
      kind: 'list',
      default: '/ip4/0.0.0.0/tcp/30333,/ip6/::/tcp/30333',
      hint: 'ADDRS',
      description: 'Multiaddrs to listen on, with commas between',
    },
    port: {
      kind: 'number',
      default: 8545,
      max: 65_535,
      hint: 'PORT',
      description: 'JSON-RPC port, HTTP and WebSocket',
    },
    host: { kind: 'text', default: '127.0.0.1', hint: 'HOST', description: 'Address to serve JSON-RPC on' },
    'ingest-port': {
      kind: 'number',
      max: 65_535,
      hint: 'PORT',
      description: 'Port for raw transactions in length frames, for bulk senders',
    },
    'metrics-port': {
      kind: 'number',
      max: 65_535,
      hint: 'PORT',
      description: 'Port of loopback for Prometheus (/metrics); none without it',
    },
    index: {
      kind: 'text',
      hint: 'WHERE',
      description: 'Index for the explorer: a file, or a postgres:// URL; none without it',
    },
    pruning: {
      kind: 'text',
      hint: 'MODE',
      description: 'full: the last epochs; archive: everything (default full, archive for a guardian)',
    },
    'keep-epochs': {
      kind: 'number',
      default: 24,
      hint: 'N',
      description: 'Epochs that a full node keeps beside the running one',
    },
    'storage-gb': {
      kind: 'number',
      max: 1_000_000,
      hint: 'GB',
      description: 'Gigabytes that this node keeps for others (default 0, 10 for a guardian)',
    },
    'storage-listen': {
      kind: 'list',
      default: '/ip4/0.0.0.0/tcp/30334',
      hint: 'ADDRS',
      description: 'Multiaddrs where storage is served',
    },
    'storage-peers': { kind: 'list', hint: 'ADDRS', description: 'Multiaddrs of storage nodes to join by' },
    gpu: {
      kind: 'switch',
      description: 'Check signatures of large batches on a GPU; the npm package webgpu has to be installed beside zos',
    },
    'round-interval': {
      kind: 'number',
      default: 1_000,
      max: 60_000,
      hint: 'MS',
      description: 'Milliseconds between two units of this validator',
    },
    'log-level': {
      kind: 'text',
      default: process.env.ZOS_LOG ?? 'info',
      hint: 'LEVEL',
      description: 'debug, info, warn or error',
    },
    json: { kind: 'switch', description: 'Log JSON also on a terminal' },
  },
  run: (values) => import('./run-start.ts').then(({ runStart }) => runStart(values)),
})
