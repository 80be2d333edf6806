import { join } from 'node:path'
import { serveHttp } from '../../platform/http-server.ts'
import { openLevelIndex } from '../../platform/level-index.ts'
import { openPackStore } from '../../platform/pack/pack-store.ts'
import { nodeS3Defaults } from '../../platform/s3-defaults.ts'
import { createUnixfsContent, createVaultContent } from '../../s3/object-content.ts'
import { createS3Gateway } from '../../s3/s3-gateway.ts'
import { portOf, storeCommand } from '../command.ts'
import { homeFolder, openHome } from '../home.ts'
import { openS3Credentials } from '../s3-credentials.ts'
import { untilStopped } from '../until-stopped.ts'

export default storeCommand({
  meta: { name: 'serve-s3', description: 'Serve buckets over the S3 protocol' },
  args: {
    port: { type: 'string', default: '9000' },
    host: { type: 'string', default: '127.0.0.1' },
    private: {
      type: 'boolean',
      description: 'objects are encrypted and spread over the nodes of the home',
      default: false,
    },
    domains: {
      type: 'string',
      description: 'names of this server, e.g. s3.example.org: buckets are also hosts below them',
    },
    owners: {
      type: 'string',
      description: 'names of further owners, e.g. alice,bob: each gets keys of its own in credentials.json',
    },
    'access-lists': {
      type: 'boolean',
      description: 'access lists count in buckets that do not say otherwise: owners can let others in, also anybody',
      default: false,
    },
    'form-signature-v2': {
      type: 'boolean',
      description: 'forms of older clients, signed with HMAC-SHA1, are taken too',
      default: false,
    },
    home: { type: 'string', description: 'folder (default ~/.zos-store)' },
  },
  async run({ args }) {
    const stopped = untilStopped() // from the start: a signal may come before all is open
    const folder = homeFolder(args.home)
    const home = args.private ? await openHome(folder) : undefined
    const store = await openPackStore(join(folder, 's3', 'blocks'))
    const index = await openLevelIndex(join(folder, 's3', 'index'))
    const keyFile = join(folder, 's3', 'credentials.json')
    const names = listOf(args.owners)
    const credentials = await openS3Credentials(keyFile, names)
    const content = home === undefined ? createUnixfsContent(store, store) : createVaultContent(home.vault)
    const handler = createS3Gateway({
      ...nodeS3Defaults,
      content,
      index,
      credentials,
      domains: listOf(args.domains),
      ownership: args['access-lists'] ? 'ObjectWriter' : 'BucketOwnerEnforced',
      formSignatureV2: args['form-signature-v2'],
    })
    const server = await serveHttp({ handler, port: portOf(args.port), host: args.host })
    console.log(JSON.stringify({ url: server.url, credentials: keyFile }))
    await stopped
    await server.close()
    await index.close()
    await store.close()
    await home?.close()
  },
})

/** The entries of a list with commas. */
function listOf(text = ''): string[] {
  return text.split(',').filter((entry) => entry !== '')
}
