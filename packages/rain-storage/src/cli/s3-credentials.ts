/** `credentials.json` of `serve-s3`: the keys of the gateway's own owner, and of every owner that was ever named. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { StorageError } from '../errors.ts'
import { writeWhole } from '../platform/file-system.ts'
import type { S3Credential } from '../s3/owners.ts'

interface Keys {
  readonly accessKey: string
  readonly secretKey: string
}

interface CredentialsFile extends Keys {
  readonly owners?: Readonly<Record<string, Keys>>
}

/** A name is an id in grants and policies, too. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
/** The gateway's own owner is called so. */
const OWN = 'zos'

/**
 * The credentials for the gateway's own owner and for `names`; those that are not in the file are made, and stay there. Who is not named is not let in.
 * @throws StorageError `STORAGE_INVALID_ARGUMENT` for a name that cannot be one, `STORAGE_CORRUPT` for a file that is none
 */
export async function openS3Credentials(
  path: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, string | S3Credential>> {
  for (const name of names) {
    if (!NAME.test(name) || name === OWN)
      throw new StorageError('STORAGE_INVALID_ARGUMENT', `${name} cannot name an owner`, { name })
  }
  const saved = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  const present = saved === undefined ? undefined : parse(saved, path)
  const own = present ?? newKeys()
  const all = new Map(Object.entries(present?.owners ?? {}))
  const missing = names.filter((name) => !all.has(name))
  for (const name of missing) all.set(name, newKeys())
  if (present === undefined || missing.length > 0) {
    const { accessKey, secretKey } = own
    const owners = all.size === 0 ? {} : { owners: Object.fromEntries(all) }
    await writeWhole(path, `${JSON.stringify({ accessKey, secretKey, ...owners }, undefined, 2)}\n`)
  }
  const credentials = new Map<string, string | S3Credential>([[own.accessKey, own.secretKey]])
  for (const name of names) {
    const { accessKey, secretKey } = all.get(name)!
    credentials.set(accessKey, { secretKey, owner: { id: name, displayName: name } })
  }
  return credentials
}

function parse(text: string, path: string): CredentialsFile {
  const corrupt = () => new StorageError('STORAGE_CORRUPT', `${path} does not hold credentials`, { path })
  let file: CredentialsFile
  try {
    file = JSON.parse(text) as CredentialsFile
  } catch {
    throw corrupt()
  }
  if (![file, ...Object.values(file?.owners ?? {})].every(isKeys)) throw corrupt()
  return file
}

function isKeys(value: Keys | null): boolean {
  return typeof value?.accessKey === 'string' && typeof value.secretKey === 'string'
}

function newKeys(): Keys {
  return {
    accessKey: `ZOS${randomBytes(8).toString('hex').toUpperCase()}`,
    secretKey: randomBytes(30).toString('base64url'),
  }
}
