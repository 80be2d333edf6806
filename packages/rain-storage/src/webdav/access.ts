/** Who may do what: accounts by HTTP Basic (RFC 7617) or by bearer token (RFC 6750). Without an account nobody comes in. */
import { toHex } from '../content/bytes.ts'
import type { CryptoPort } from '../crypto/port.ts'
import { StorageError } from '../errors.ts'
import { sameText } from '../s3/sigv4.ts'

/** An account, with a password, a token or both. All accounts see the same tree. */
export interface WebDavAccount {
  /** without a colon; locks belong to it */
  readonly name: string
  /** for Basic */
  readonly password?: string
  /** for Bearer */
  readonly token?: string
  /** default false */
  readonly readOnly?: boolean
}

/** How a request may go on. */
export type Admission =
  | { readonly status: 'admitted'; readonly account: string; readonly readOnly: boolean }
  | { readonly status: 'refused'; readonly challenges: readonly string[] }

/**
 * Makes the check of `Authorization` headers. Digests of whole credentials are compared, those of all accounts every time, so the time tells neither a
 * name nor a part of a secret.
 * @param anonymous what requests without credentials may do
 * @throws StorageError `STORAGE_INVALID_ARGUMENT` for an account that could never come in
 */
export function createAccess(
  crypto: CryptoPort,
  accounts: readonly WebDavAccount[],
  anonymous: 'nothing' | 'read' | 'write',
): (authorization: string | null) => Promise<Admission> {
  for (const { name, password, token } of accounts) {
    if (name === '' || name.includes(':') || (!password && !token))
      throw new StorageError('STORAGE_INVALID_ARGUMENT', 'An account has a name without colon, and a secret', { name })
  }
  const challenges = [
    ...(accounts.some(({ password }) => password) ? ['Basic realm="files", charset="UTF-8"'] : []),
    ...(accounts.some(({ token }) => token) ? ['Bearer realm="files"'] : []),
  ]
  const digest = async (text: string) => toHex(await crypto.sha256(new TextEncoder().encode(text)))
  let known: Promise<{ account: WebDavAccount; digest: string }[]> | undefined
  const digests = () =>
    Promise.all(
      accounts.flatMap((account) => [
        ...(account.password ? [credential(account, `Basic ${account.name}:${account.password}`)] : []),
        ...(account.token ? [credential(account, `Bearer ${account.token}`)] : []),
      ]),
    )
  const credential = async (account: WebDavAccount, text: string) => ({ account, digest: await digest(text) })

  return async (authorization) => {
    if (authorization === null && anonymous !== 'nothing')
      return { status: 'admitted', account: '', readOnly: anonymous === 'read' }
    known ??= digests()
    const given = await digest(credentialsOf(authorization ?? ''))
    let found: WebDavAccount | undefined
    for (const { account, digest } of await known) if (sameText(digest, given)) found = account
    return found === undefined
      ? { status: 'refused', challenges: challenges.length > 0 ? challenges : ['Bearer realm="files"'] }
      : { status: 'admitted', account: found.name, readOnly: found.readOnly ?? false }
  }
}

/** The scheme and the credentials in clear; empty for what cannot be read, which no account has. */
function credentialsOf(authorization: string): string {
  const match = /^(basic|bearer) +([A-Za-z0-9+/._~-]+=*)$/i.exec(authorization.trim())
  if (match === null) return ''
  if (match[1]!.toLowerCase() === 'bearer') return `Bearer ${match[2]}`
  try {
    const bytes = Uint8Array.from(atob(match[2]!), (character) => character.charCodeAt(0))
    return `Basic ${new TextDecoder('utf-8', { fatal: true }).decode(bytes)}`
  } catch {
    return ''
  }
}
