import { readFile, writeFile } from 'node:fs/promises'
import { fromHex, toHex } from '../../content/bytes.ts'
import { defaultCrypto } from '../../crypto/default.ts'
import { StorageError } from '../../errors.ts'
import { formatCapability } from '../../rain/capability.ts'
import { openShare, share } from '../../rain/sharing.ts'
import { storeCommand } from '../command.ts'
import { findFile, homeFolder, openHome } from '../home.ts'

export default storeCommand({
  meta: {
    name: 'share',
    description: 'Share a file with readers, open a share, or show the own reader key (without a name)',
  },
  args: {
    name: { type: 'positional', description: 'name or zos1…; a share record with --open', required: false },
    with: { type: 'string', description: 'reader keys, comma separated' },
    out: { type: 'string', description: 'file for the share record' },
    open: { type: 'boolean', description: 'the name is a share record: print its capability', default: false },
    home: { type: 'string', description: 'folder (default ~/.zos-store)' },
  },
  async run({ args }) {
    const crypto = defaultCrypto()
    const home = await openHome(homeFolder(args.home))
    try {
      if (args.name === undefined) {
        console.log(toHex(home.identity.publicKey))
      } else if (args.open) {
        console.log(formatCapability(await openShare(crypto, await readFile(args.name), home.identity)))
      } else {
        const readers = (args.with ?? '').split(',').map((text) => fromHex(text.trim()))
        if (args.out === undefined || readers.some((reader) => reader?.length !== 32)) {
          throw new StorageError(
            'STORAGE_INVALID_ARGUMENT',
            'Sharing needs --with KEY[,KEY] (64 hex digits each) and --out FILE',
          )
        }
        const keys = [home.identity.publicKey, ...(readers as Uint8Array[])]
        await writeFile(args.out, await share(crypto, await findFile(home, args.name), keys))
        console.log(`${args.out}: ${keys.length} readers`)
      }
    } finally {
      await home.close()
    }
  },
})
