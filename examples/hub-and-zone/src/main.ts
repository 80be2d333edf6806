// Starts a hub and a zone, moves a token there and back, lets one packet time out, and stops everything.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { privateKeyHex } from '@zos/node'
import { startDevnet } from '@zos/node/devnet'
import { hubAndZone } from './hub-and-zone.ts'

/** Each network; a number after `--validators` makes them larger. */
const at = process.argv.indexOf('--validators')
const validators = at < 0 ? 2 : Number(process.argv[at + 1])
const say = (line: string) => console.log(line)
const folder = mkdtempSync(join(tmpdir(), 'hub-and-zone-'))
const network = (chainId: number, ibc: string) =>
  startDevnet({ port: 0, validators, roundIntervalMs: 100, chainId, ibc })

say(`starting the hub and the zone, ${validators} validators each`)
const [hub, zone] = await Promise.all([network(7_001, 'zoshub-1'), network(7_002, 'zone-1')])
try {
  const report = await hubAndZone({
    hubUrl: hub.rpcUrl,
    zoneUrl: zone.rpcUrl,
    userKey: privateKeyHex(hub.accounts[0]!),
    relayerKey: privateKeyHex(hub.accounts[1]!),
    folder,
    say,
  })
  console.log(JSON.stringify(report, (_, value) => (typeof value === 'bigint' ? String(value) : value), 2))
} finally {
  await Promise.all([hub.stop(), zone.stop()])
  rmSync(folder, { recursive: true, force: true })
}
