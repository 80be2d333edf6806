import type { Settings } from '../config/settings.ts'
import { settingsCommand } from './command.ts'

export const initSettings = {
  out: { kind: 'text', default: 'genesis.json', hint: 'FILE', description: 'Where the genesis goes' },
  name: { kind: 'text', required: true, hint: 'NAME', description: 'Name of the network' },
  'chain-id': { kind: 'number', required: true, min: 1, hint: 'ID', description: 'Chain id' },
  validators: {
    kind: 'list',
    required: true,
    hint: 'KEYS',
    description: 'Validators, with commas between: PUBLICKEY[:COINS[:VRFKEY[:ISOGENYKEY]]] (33, 32, 83 bytes, hex)',
  },
  accounts: { kind: 'list', hint: 'ACCOUNTS', description: 'Funded accounts, with commas between: ADDRESS:COINS' },
  state: { kind: 'text', hint: 'FILE', description: 'Accounts of an earlier network (zos devnet --state)' },
  // Two of the largest transactions. At its worst, gas that one core executes in 8 s: docs/measurements.md.
  'gas-limit': { kind: 'number', default: 33_554_432, min: 16_777_216, hint: 'GAS', description: 'Gas of one block' },
  'round-interval': {
    kind: 'number',
    default: 1_000,
    min: 1,
    max: 60_000,
    hint: 'MS',
    description: 'Milliseconds of a round that validators are to start with; the gas limit has to fit it',
  },
  'any-gas-limit': { kind: 'switch', description: 'Take a gas limit that is too much for that pace' },
  'epoch-rounds': { kind: 'number', default: 3_600, hint: 'ROUNDS', description: 'Rounds of an epoch' },
  json: { kind: 'switch', description: 'Answer with one line of JSON' },
} satisfies Settings

export const initCommand = settingsCommand({
  name: 'init',
  description: 'Write the genesis file of a new network',
  settings: initSettings,
  run: (values) => import('./run-init.ts').then(({ runInit }) => runInit(values)),
})
