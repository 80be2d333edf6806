import { timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import { createGateway } from '../../gateway/gateway.ts'
import { createStorePins } from '../../pinning/pin-target.ts'
import { createPinningService } from '../../pinning/pinning-service.ts'
import { createDnsLink } from '../../platform/dns-link.ts'
import { serveHttp } from '../../platform/http-server.ts'
import { openLevelIndex } from '../../platform/level-index.ts'
import { openPackStore } from '../../platform/pack/pack-store.ts'
import { portOf, storeCommand } from '../command.ts'
import { homeFolder } from '../home.ts'
import { secretOf } from '../secret-file.ts'
import { untilStopped } from '../until-stopped.ts'

export default storeCommand({
  meta: { name: 'gateway', description: 'Serve IPFS content over HTTP, and keep what clients pin' },
  args: {
    port: { type: 'string', default: '8080' },
    host: { type: 'string', default: '127.0.0.1' },
    files: {
      type: 'boolean',
      description: 'files, listings and archives too, not only blocks and CARs',
      default: false,
    },
    hosts: { type: 'string', description: 'own host names with port, comma separated: one root a subdomain' },
    proxied: { type: 'boolean', description: 'behind a proxy that sets X-Forwarded-Host and -Proto', default: false },
    pins: { type: 'boolean', description: 'the IPFS pinning service API under /pins', default: false },
    listen: { type: 'string', description: 'multiaddr of the peer', default: '/ip4/127.0.0.1/tcp/0' },
    bootstrap: { type: 'string', description: 'multiaddrs of peers, comma separated' },
    home: { type: 'string', description: 'folder (default ~/.zos-store)' },
  },
  async run({ args }) {
    const { startPeer } = await import('../../network/peer.ts')
    const stopped = untilStopped() // from the start: a signal may come before all is open
    const folder = join(homeFolder(args.home), 'gateway')
    const store = await openPackStore(join(folder, 'blocks'))
    const nowMs = Date.now
    const peer = await startPeer({
      blocks: store,
      listen: [args.listen],
      bootstrap: args.bootstrap?.split(',') ?? [],
      nowMs,
    })
    const gateway = createGateway({
      blocks: peer,
      local: store,
      deserialise: args.files,
      hosts: args.hosts?.split(',') ?? [],
      trustForwarded: args.proxied,
      names: { nowMs, record: (name, options) => peer.findName(name, options), dnsLink: createDnsLink() },
    })
    const index = args.pins ? await openLevelIndex(join(folder, 'pins')) : undefined
    const tokenFile = join(folder, 'token')
    const token = index && (await secretOf(tokenFile))
    const pins =
      index &&
      (await createPinningService({
        target: createStorePins(peer, store, store),
        index,
        account: (given) => (sameText(given, token!) ? 'owner' : undefined),
        delegates: () => peer.addresses,
        connect: (origin) => peer.connect(origin),
        nowMs,
      }))
    const server = await serveHttp({
      handler: (request) => {
        const { pathname } = new URL(request.url)
        return pins !== undefined && /^\/pins(\/|$)/.test(pathname) ? pins.handler(request) : gateway(request)
      },
      port: portOf(args.port),
      host: args.host,
    })
    console.log(
      JSON.stringify({ url: server.url, peer: peer.addresses[0], ...(pins === undefined ? {} : { token: tokenFile }) }),
    )
    await stopped
    await server.close()
    await pins?.close()
    await index?.close()
    await peer.stop()
    await store.close()
  },
})

function sameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.length === y.length && timingSafeEqual(x, y)
}
