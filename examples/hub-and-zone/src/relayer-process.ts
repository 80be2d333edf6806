/** `zos-relay` as a process of its own, over the two networks. */
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

export interface RelayedChain {
  url: string
  clientId: string
}

/** Writes the configuration of a path between `hub` and `zone` into `folder`; the file's name. */
export function writeRelayConfig(folder: string, privateKey: string, hub: RelayedChain, zone: RelayedChain): string {
  const end = ({ url, clientId }: RelayedChain) => ({
    module: import.meta.resolve('@zos/node/ibc'),
    options: { url, privateKey },
    clientId,
  })
  const config = {
    signer: 'relayer',
    cursorFile: 'marks.json',
    // What fits into one transaction of 16,777,216 gas.
    batchSize: 20,
    idleMs: 100,
    paths: [{ name: 'hub-zone', a: end(hub), b: end(zone) }],
  }
  const file = join(folder, 'relay.json')
  writeFileSync(file, JSON.stringify(config, null, 2))
  return file
}

/** Starts `zos-relay run`. `stop` ends it; where it stood is in its marks. `said`: whether it has printed that. */
export function startRelayer(
  config: string,
  say: (line: string) => void,
): { said(text: string): boolean; stop(): Promise<void> } {
  let printed = ''
  const packageFile = createRequire(import.meta.url).resolve('@zos/hub-ibc/package.json')
  const child: ChildProcess = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(dirname(packageFile), 'dist/cli.js'), 'run', config],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk) => {
      printed += String(chunk)
      for (const line of String(chunk).trim().split('\n')) say(`  zos-relay  ${line}`)
    })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    said: (text) => printed.includes(text),
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
