import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseConfig } from '../../src/cli/config.ts'
import { connect } from '../../src/cli/connect.ts'
import { createFileCursors } from '../../src/cli/file-cursors.ts'
import { relay } from '../../src/cli/run.ts'
import type { LocalChain } from '../../src/local/chain.ts'

const source = new URL('../../src/', import.meta.url).href

it('the configuration says which field is wrong', () => {
  const good = {
    signer: 's',
    cursorFile: 'c.json',
    paths: [{ name: 'p', a: { module: './a.mjs', clientId: 'c-0' }, b: { module: './b.mjs', clientId: 'c-1' } }],
  }
  expect(parseConfig(JSON.stringify(good)).paths[0]?.name).toBe('p')
  for (const bad of [
    '{',
    '{}',
    JSON.stringify({ ...good, paths: [] }),
    JSON.stringify({ ...good, paths: [{ name: 'p', a: {}, b: {} }] }),
    'null',
    '[]',
  ]) {
    expect(() => parseConfig(bad)).toThrow(expect.objectContaining({ code: 'HUB_INVALID_ARGUMENT' }))
  }
  const [path] = good.paths as [(typeof good.paths)[0]]
  const side = (change: object) => ({ ...good, paths: [{ ...path, a: { ...path.a, ...change } }] })
  const wrong: [object, RegExp][] = [
    [{ ...good, batchSize: 0 }, /"batchSize"/],
    [{ ...good, batchSize: '20' }, /"batchSize"/],
    [{ ...good, idleMs: -1 }, /"idleMs"/],
    [{ ...good, batchsize: 20 }, /no field "batchsize"/],
    [{ ...good, paths: [path, path] }, /two paths are named "p"/],
    [{ ...good, paths: [{ ...path, c: path.a }] }, /no field "c"/],
    [side({ channel: 'channel-0' }), /no field "channel"/],
    [side({ channels: 'channel-0' }), /must be a list/],
    [side({ channels: [{ port: 'transfer' }] }), /every channel needs/],
    [side({ channels: [{ port: 'transfer', channel: 'channel-0', ordered: 'yes' }] }), /"ordered"/],
    [side({ startHeight: 0 }), /"startHeight"/],
    [side({ options: 'x' }), /"options"/],
  ]
  for (const [config, reason] of wrong) expect(() => parseConfig(JSON.stringify(config))).toThrow(reason)
  const full = side({
    channels: [{ port: 'transfer', channel: 'channel-0', ordered: true }],
    startHeight: 7,
    options: {},
  })
  expect(parseConfig(JSON.stringify({ ...full, batchSize: 20, idleMs: 0 })).batchSize).toBe(20)
})

it('relays what is there from a configuration file, and keeps its marks', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zos-relay-'))
  try {
    // The two ends live in one module, as two local chains with a packet between them.
    writeFileSync(
      join(folder, 'chains.mjs'),
      `import { createLocalChain } from '${source}local/chain.ts'
       import { localEndpoint } from '${source}local/endpoint.ts'
       import { connectV2 } from '${source}relayer/connect.ts'
       const chains = { a: createLocalChain({ chainId: 'alpha-1' }), b: createLocalChain({ chainId: 'beta-1' }) }
       const ends = { a: localEndpoint(chains.a), b: localEndpoint(chains.b) }
       await connectV2(ends.a, ends.b, 'relayer')
       const { a } = chains
       a.run(() => a.bank.mint('alice', 'uzos', 5n))
       a.run(() => a.transfer.sendV2('07-tendermint-0', { denom: 'uzos', amount: 5n, sender: 'alice', receiver: 'bob' }, a.now() / 1000000000n + 600n))
       a.commit()
       chains.b.commit()
       const texts = []
       globalThis.zosRelayTest = { ...chains, texts }
       const { latest } = ends.a
       ends.a.latest = async () => (texts.push(await globalThis.zosRelayMetrics()), latest())
       export const createEndpoint = ({ side }) => ends[side]`,
    )
    const side = (name: string) => ({ module: './chains.mjs', options: { side: name }, clientId: '07-tendermint-0' })
    writeFileSync(
      join(folder, 'relay.json'),
      JSON.stringify({
        signer: 'relayer',
        cursorFile: 'marks.json',
        paths: [{ name: 'ab', a: side('a'), b: side('b') }],
      }),
    )
    const probe = createServer().listen(0, '127.0.0.1')
    await once(probe, 'listening')
    const { port } = probe.address() as AddressInfo
    await expect(relay({ config: join(folder, 'relay.json'), once: true, metricsPort: port })).rejects.toThrow(
      /cannot serve metrics/,
    )
    await new Promise((resolve) => probe.close(resolve))
    // What an endpoint sees of the counters while the relayer works.
    Object.assign(globalThis, { zosRelayMetrics: async () => (await fetch(`http://127.0.0.1:${port}/`)).text() })
    await relay({ config: join(folder, 'relay.json'), once: true, metricsPort: port })
    const { texts } = (globalThis as unknown as { zosRelayTest: { texts: string[] } }).zosRelayTest
    expect(texts[0]).toContain('# TYPE zos_relay_received_total counter\nzos_relay_received_total{path="ab"} 0\n')
    expect(texts.at(-1)).toContain('zos_relay_acknowledged_total{path="ab"} 1\n')
    expect(texts.at(-1)).toContain('# TYPE zos_relay_pending gauge\nzos_relay_pending{path="ab"} 0\n')
    const { b } = (globalThis as unknown as { zosRelayTest: Record<'b', { events: { type: string }[] }> }).zosRelayTest
    expect(b.events.some(({ type }) => type === 'recv_packet')).toBe(true)
    const marks = JSON.parse(readFileSync(join(folder, 'marks.json'), 'utf8')) as Record<string, string>
    expect(Object.keys(marks).length).toBe(2)
    writeFileSync(join(folder, 'marks.json'), '{')
    expect(() => createFileCursors(join(folder, 'marks.json'))).toThrow(
      expect.objectContaining({ code: 'HUB_STORE_DAMAGED' }),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('opens a path for IBC v2 or v1 and says what belongs into the file, which then relays', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zos-relay-'))
  try {
    writeFileSync(
      join(folder, 'chains.mjs'),
      `import { createLocalChain } from '${source}local/chain.ts'
       import { localEndpoint } from '${source}local/endpoint.ts'
       const chains = { a: createLocalChain({ chainId: 'alpha-1', validators: 1 }), b: createLocalChain({ chainId: 'beta-1', validators: 1 }) }
       const ends = { a: localEndpoint(chains.a), b: localEndpoint(chains.b) }
       globalThis.zosConnectTest = chains
       export const createEndpoint = ({ side, deaf }) => {
         const { clientStates, ...rest } = ends[side]
         return deaf ? rest : ends[side]
       }`,
    )
    const config = join(folder, 'relay.json')
    const side = (name: string, more = {}) => ({ module: './chains.mjs', options: { side: name }, ...more })
    const write = (a: object, b: object) =>
      writeFileSync(config, JSON.stringify({ signer: 'relayer', cursorFile: 'm.json', paths: [{ name: 'ab', a, b }] }))
    write(side('a'), side('b'))
    const v2 = await connect({ config, path: 'ab' })
    expect(v2).toEqual({ a: { clientId: '07-tendermint-0' }, b: { clientId: '07-tendermint-0' } })
    const v1 = await connect({ config, path: 'ab', port: 'transfer' })
    expect(v1.a).toEqual({ clientId: '07-tendermint-1', channels: [{ port: 'transfer', channel: 'channel-0' }] })
    await expect(connect({ config, path: 'ba' })).rejects.toThrow(/no path "ba" in .*; there are ab/)
    write(side('a'), { ...side('b'), options: { side: 'b', deaf: true } })
    await expect(connect({ config, path: 'ab' })).rejects.toThrow(/no clientStates/)

    const { a, b } = (globalThis as unknown as { zosConnectTest: Record<'a' | 'b', LocalChain> }).zosConnectTest
    a.run(() => a.bank.mint('alice', 'uzos', 5n))
    const data = { denom: 'uzos', amount: 2n, sender: 'alice', receiver: 'bob' }
    a.run(() => a.transfer.sendV2(v2.a.clientId, data, a.now() / 1_000_000_000n + 600n))
    a.run(() => a.transfer.send(v1.a.channels![0]!, data, { timestamp: a.now() + 600_000_000_000n }))
    for (const chain of [a, b]) chain.commit()
    for (const ends of [v2, v1]) {
      write(side('a', ends.a), side('b', ends.b))
      await relay({ config, once: true })
    }
    expect(a.events.filter(({ type }) => type === 'acknowledge_packet')).toHaveLength(2)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
