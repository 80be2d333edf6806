import { settingsCommand } from './command.ts'

export const validatorCommand = settingsCommand({
  name: 'validator',
  description: 'Bonds, rewards and the signing history of validators',
  actions: {
    list: 'the committee and its stakes',
    show: 'the candidate --owner',
    register: 'make --signing-key a candidate with a bond of --amount',
    delegate: '--amount coins to the candidate --to',
    unbond: '--amount coins from the candidate --to',
    withdraw: 'coins whose unbonding time is over',
    claim: 'rewards at the candidate --to',
    unjail: 'take part again after a jail term',
    export: 'the signing history of --data-dir to --file (EIP-3076)',
    import: 'a signing history from --file into --data-dir (EIP-3076)',
  },
  settings: {
    rpc: { kind: 'text', default: 'http://127.0.0.1:8545', hint: 'URL', description: 'JSON-RPC of a node' },
    key: { kind: 'text', hint: 'FILE', description: 'Key file of the owner, who pays and is paid' },
    'signing-key': { kind: 'text', hint: 'FILE', description: 'Key file of the key that signs units' },
    'password-file': { kind: 'text', hint: 'FILE', description: 'File with the password of the key files' },
    owner: { kind: 'text', hint: 'ADDRESS', description: 'Owner of a candidate' },
    to: { kind: 'text', hint: 'ADDRESS', description: 'Owner of the candidate to delegate to' },
    amount: { kind: 'text', hint: 'ZOS', description: 'Coins, such as 1000 or 0.5' },
    commission: { kind: 'number', default: 0, max: 10_000, hint: 'BPS', description: 'Commission per ten thousand' },
    genesis: { kind: 'text', hint: 'FILE', description: 'Genesis file of the network, for export and import' },
    'data-dir': { kind: 'text', hint: 'DIR', description: 'Data directory of the validator, which must not run' },
    file: { kind: 'text', hint: 'FILE', description: 'The interchange file' },
    json: { kind: 'switch', description: 'Answer with one line of JSON' },
  },
  run: (values, action) => import('./run-validator.ts').then(({ runValidator }) => runValidator(values, action)),
})
