import { settingsCommand } from './command.ts'

export const statusCommand = settingsCommand({
  name: 'status',
  description: 'What a running node says about itself',
  settings: {
    rpc: { kind: 'text', default: 'http://127.0.0.1:8545', hint: 'URL', description: 'JSON-RPC of the node' },
    json: { kind: 'switch', description: 'Answer with one line of JSON' },
  },
  run: (values) => import('./run-status.ts').then(({ runStatus }) => runStatus(values)),
})
