import { bytesToHex, privateToAddress } from '@ethereumjs/util'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { generateMnemonic, validateMnemonic } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { vrfPublicKey } from '@zos/zpos'
import { NodeError } from '../errors.ts'
import { deriveAccounts } from '../genesis/accounts.ts'
import { loadPrivateKey, readKeyFile, writeKeyFile } from '../keys/key-file.ts'
import { encryptKey, keystoreAddress } from '../keys/keystore.ts'
import { askPassword } from '../keys/password.ts'

export interface KeysSettings {
  file: string | undefined
  mnemonic: string | undefined
  index: number
  validator: boolean
  'private-key-file': string | undefined
  'password-file': string | undefined
  json: boolean
}

const MIN_PASSWORD_CHARACTERS = 8
/** 12 words. */
const PHRASE_BITS = 128
const VALIDATOR_PURPOSE = 1

export async function runKeys(settings: KeysSettings, action: string): Promise<void> {
  const file = settings.file
  if (file === undefined) throw invalid('--file is needed: where the key is kept')
  const print = (answer: Record<string, string>) =>
    console.log(
      settings.json
        ? JSON.stringify(answer)
        : Object.entries(answer)
            .map(([name, value]) => `${name.padEnd(12)}${value}`)
            .join('\n'),
    )
  if (action === 'show') return print({ address: keystoreAddress(readKeyFile(file)) })
  if (action === 'public') {
    const key = await loadPrivateKey(file, () => askPassword(`Password of ${file}: `, settings['password-file']))
    return print(publicPartsOf(key))
  }
  if (action === 'export') {
    const key = await loadPrivateKey(file, () => askPassword(`Password of ${file}: `, settings['password-file']))
    return print({ address: bytesToHex(privateToAddress(key)), privateKey: bytesToHex(key) })
  }
  const mnemonic = action === 'new' ? generateMnemonic(wordlist, PHRASE_BITS) : settings.mnemonic
  const { key, path } = await keyOf(mnemonic, settings)
  const password = await askPassword(`New password of ${file}: `, settings['password-file'])
  if (password.length < MIN_PASSWORD_CHARACTERS)
    throw invalid(`the password must have at least ${MIN_PASSWORD_CHARACTERS} characters`)
  writeKeyFile(file, await encryptKey(key, password))
  print({
    ...publicPartsOf(key),
    file,
    ...(path ? { path } : {}),
    ...(action === 'new' ? { mnemonic: mnemonic! } : {}),
  })
  if (action === 'new' && !settings.json)
    console.log('\nWrite the phrase down and keep it: whoever has it has the key.')
}

/** `vrfKey` is of use to validators alone. */
function publicPartsOf(key: Uint8Array) {
  return {
    address: bytesToHex(privateToAddress(key)),
    publicKey: bytesToHex(secp256k1.getPublicKey(key, true)),
    vrfKey: bytesToHex(vrfPublicKey(key)),
  }
}

async function keyOf(
  mnemonic: string | undefined,
  settings: KeysSettings,
): Promise<{ key: Uint8Array; path?: string }> {
  const file = settings['private-key-file']
  if (mnemonic === undefined) {
    if (file === undefined) throw invalid('import needs --mnemonic or --private-key-file')
    return { key: await loadPrivateKey(file, () => askPassword(`Password of ${file}: `, undefined)) }
  }
  if (!validateMnemonic(mnemonic, wordlist))
    throw invalid('the phrase is not one of BIP-39: a word or its checksum is wrong')
  const account = deriveAccounts(mnemonic, settings.index + 1, settings.validator ? VALIDATOR_PURPOSE : 0).at(-1)!
  return { key: account.privateKey, path: account.path }
}

function invalid(message: string): NodeError {
  return new NodeError('NODE_INVALID_ARGUMENT', message)
}
