import { settingsCommand } from './command.ts'

export const keysCommand = settingsCommand({
  name: 'keys',
  description: 'Make, derive and look at encrypted key files',
  actions: {
    new: 'a new phrase and its first key',
    import: 'a key from --mnemonic or --private-key-file',
    show: 'the address in a key file',
    public: 'the public keys that a genesis or a bond names; asks for the password',
    export: 'the private key in a key file',
  },
  settings: {
    file: { kind: 'text', hint: 'FILE', description: 'The key file (Web3 Secret Storage v3)' },
    mnemonic: { kind: 'text', hint: 'PHRASE', description: 'BIP-39 phrase to derive from' },
    index: { kind: 'number', default: 0, hint: 'N', description: "Which account: N in m/44'/60'/0'/0/N" },
    validator: { kind: 'switch', description: "Derive a validator's key: m/44'/60'/1'/0/N" },
    'private-key-file': { kind: 'text', hint: 'FILE', description: 'File with a private key in hex' },
    'password-file': {
      kind: 'text',
      hint: 'FILE',
      description: 'File with the password; otherwise ZOS_PASSWORD, or asked',
    },
    json: { kind: 'switch', description: 'Answer with one line of JSON' },
  },
  run: (values, action) => import('./run-keys.ts').then(({ runKeys }) => runKeys(values, action)),
})
