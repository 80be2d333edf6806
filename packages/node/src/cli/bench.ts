import { settingsCommand } from './command.ts'

export const benchCommand = settingsCommand({
  name: 'bench',
  description: 'Send transfers to a local network of its own and count what becomes final',
  settings: {
    validators: { kind: 'number', default: 4, hint: 'N', description: 'Validators of the network' },
    'round-interval': {
      kind: 'number',
      default: 100,
      hint: 'MS',
      description: 'Milliseconds between two units of a validator',
    },
    transfers: { kind: 'number', default: 2_000, min: 1, max: 100_000, hint: 'N', description: 'How many transfers' },
    json: { kind: 'switch', description: 'Answer with one line of JSON' },
  },
  run: (values) => import('./run-bench.ts').then(({ runBench }) => runBench(values)),
})
