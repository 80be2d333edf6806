import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { NodeError } from '../errors.ts'
import { readKeyFile } from './key-file.ts'

/** The password in `file`, in `ZOS_PASSWORD`, or as somebody types it, without showing it. Errors: `NODE_KEYSTORE`. */
export async function askPassword(
  question: string,
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string> {
  if (file !== undefined) return readKeyFile(file).replace(/\r?\n$/, '')
  if (env.ZOS_PASSWORD !== undefined) return env.ZOS_PASSWORD
  if (!process.stdin.isTTY)
    throw new NodeError('NODE_KEYSTORE', 'a password is needed: --password-file FILE, or ZOS_PASSWORD', {})
  process.stderr.write(question)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  try {
    return await new Promise((resolve) => lines.question('', resolve))
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}
