import { settingsCommand } from './command.ts'

export const devnetCommand = settingsCommand({
  name: 'devnet',
  description: 'Start a local network with funded accounts; Ctrl-C stops it',
  settings: {
    validators: { kind: 'number', default: 4, hint: 'N', description: 'How many validators (1 to 30)' },
    port: {
      kind: 'number',
      default: 8545,
      hint: 'PORT',
      description: 'JSON-RPC port, HTTP and WebSocket; 0 for a free one',
    },
    host: { kind: 'text', default: '127.0.0.1', hint: 'HOST', description: 'Address to serve on' },
    'data-dir': { kind: 'text', hint: 'DIR', description: 'Keep the network here; without it, nothing is kept' },
    reset: { kind: 'switch', description: 'Begin anew in --data-dir' },
    'round-interval': {
      kind: 'number',
      hint: 'MS',
      description: 'Milliseconds between two units of a validator (default 1000)',
    },
    'block-time': {
      kind: 'number',
      hint: 'SECONDS',
      description: 'Seconds between two blocks: twice the round interval',
    },
    accounts: { kind: 'number', default: 10, hint: 'N', description: 'How many funded accounts' },
    balance: { kind: 'number', default: 10_000, hint: 'ZOS', description: 'Coins of each account' },
    mnemonic: { kind: 'text', hint: 'PHRASE', description: 'BIP-39 phrase of the accounts (default: the test phrase)' },
    'chain-id': { kind: 'number', hint: 'ID', min: 1, description: 'Chain id (default 5918547)' },
    'gas-limit': {
      kind: 'number',
      min: 16_777_216,
      hint: 'GAS',
      description: 'Gas of one block (default 150 million, more than a core executes at a round a second)',
    },
    ibc: { kind: 'text', hint: 'NAME', description: 'Speak IBC under this name, such as zone-1' },
    latency: { kind: 'number', hint: 'MS', description: 'Milliseconds one way between validators' },
    loss: { kind: 'number', hint: 'PERCENT', max: 100, description: 'Percent of gossiped units that do not arrive' },
    partition: {
      kind: 'text',
      hint: 'PARTS',
      description: 'Parts that do not reach each other: 0,1/2,3 for good, 0,1/2,3@10-30 from second 10 to 30',
    },
    state: {
      kind: 'text',
      hint: 'FILE',
      description: 'Begin with the accounts in this file if it is there, and write them to it at the end',
    },
    index: { kind: 'text', hint: 'URL', description: 'Keep the explorer’s index in this PostgreSQL database' },
    'config-out': { kind: 'text', hint: 'FILE', description: 'Write what --json prints to this file' },
    json: { kind: 'switch', description: 'Print one line of JSON when ready, nothing else' },
  },
  run: (values) => import('./run-devnet.ts').then(({ runDevnet }) => runDevnet(values)),
})
