/** Channels with an order, channels that close, acknowledgements that come later, connections with a delay. */
import { beforeEach, describe, expect, it } from 'vitest'
import { type Height, Order, type Packet } from '../../src/core/messages.ts'
import * as paths from '../../src/core/paths.ts'
import { utf8 } from '../../src/encoding/bytes.ts'
import { createLocalChain } from '../../src/local/chain.ts'
import { localEndpoint } from '../../src/local/endpoint.ts'
import { connectV1, updateClient } from '../../src/relayer/connect.ts'
import { createMemoryCursors } from '../../src/relayer/endpoint.ts'
import { acknowledgementOf, packetOf } from '../../src/relayer/packet-events.ts'
import { createRelayer } from '../../src/relayer/relayer.ts'
import { createEcho } from './echo.ts'

const MINUTE = 60_000_000_000n
const NO_HEIGHT = { revisionNumber: 0n, revisionHeight: 0n }

type Options = Parameters<typeof connectV1>[3]

async function pair(options: Options) {
  const [a, b] = [
    createLocalChain({ chainId: 'alpha-1', validators: 1 }),
    createLocalChain({ chainId: 'beta-1', validators: 1 }),
  ]
  const log: string[] = []
  a.host.bind('echo', createEcho(log))
  b.host.bind('echo', createEcho(log))
  const ends = await connectV1(localEndpoint(a), localEndpoint(b), 'relayer', {
    portA: 'echo',
    portB: 'echo',
    version: 'echo-1',
    ...options,
  })
  const send = (data = 'hello', timeout = 10n * MINUTE): Packet => {
    const [event] = a.run(() => {
      a.host.sendPacket('echo', ends.channelA, NO_HEIGHT, a.now() + timeout, utf8(data))
    })
    return packetOf(event!)!.packet as Packet
  }
  const pass = (seconds: number) => {
    for (const chain of [a, b]) {
      chain.commit(seconds)
      chain.commit(0.01)
    }
  }
  const toB = () => updateClient(localEndpoint(b), localEndpoint(a), ends.clientB, 'relayer')
  const toA = () => updateClient(localEndpoint(a), localEndpoint(b), ends.clientA, 'relayer')
  const receive = (packet: Packet, proofHeight: Height) =>
    b.deliver({
      typeUrl: '/ibc.core.channel.v1.MsgRecvPacket',
      packet,
      proofCommitment: a.prove(paths.commitmentPath('echo', ends.channelA, packet.sequence), proofHeight),
      proofHeight,
      signer: 'relayer',
    })
  const acknowledge = (packet: Packet, acknowledgement: Uint8Array, proofHeight: Height) =>
    a.deliver({
      typeUrl: '/ibc.core.channel.v1.MsgAcknowledgement',
      packet,
      acknowledgement,
      proofAcked: b.prove(paths.ackPath('echo', ends.channelB, packet.sequence), proofHeight),
      proofHeight,
      signer: 'relayer',
    })
  const relayer = () =>
    createRelayer({
      a: {
        endpoint: localEndpoint(a),
        clientId: ends.clientA,
        channels: [{ port: 'echo', channel: ends.channelA, ordered: options?.ordering === Order.ORDERED }],
      },
      b: {
        endpoint: localEndpoint(b),
        clientId: ends.clientB,
        channels: [{ port: 'echo', channel: ends.channelB, ordered: options?.ordering === Order.ORDERED }],
      },
      cursors: createMemoryCursors(),
      signer: 'relayer',
    })
  return { a, b, ends, log, send, pass, toA, toB, receive, acknowledge, relayer }
}

type Pair = Awaited<ReturnType<typeof pair>>
const rejected = (code: string) => ({ status: 'rejected', code })
const HELLO = utf8('hello')

describe('an ordered channel', () => {
  let p: Pair
  beforeEach(async () => {
    p = await pair({ ordering: Order.ORDERED })
  })

  it('takes packets and acknowledgements in the order in which they were sent, each once', async () => {
    const packets = [p.send(), p.send(), p.send()] as const
    p.pass(1)
    const there = await p.toB()
    expect(p.receive(packets[1], there)).toMatchObject(rejected('HUB_PACKET'))
    for (const packet of packets) expect(p.receive(packet, there).status).toBe('done')
    expect(p.receive(packets[0], there).status).toBe('no-op')
    p.pass(1)
    const back = await p.toA()
    expect(p.acknowledge(packets[1], HELLO, back)).toMatchObject(rejected('HUB_PACKET'))
    for (const packet of packets) expect(p.acknowledge(packet, HELLO, back).status).toBe('done')
    expect(p.acknowledge(packets[2], HELLO, back).status).toBe('no-op')
    expect(p.log).toEqual([1, 2, 3].map((n) => `got ${n}`).concat([1, 2, 3].map((n) => `acknowledged ${n}`)))
  })

  const timeout = async (packet: Packet, nextSequenceRecv: bigint) => {
    const proofHeight = await p.toA()
    return p.a.deliver({
      typeUrl: '/ibc.core.channel.v1.MsgTimeout',
      packet,
      nextSequenceRecv,
      proofUnreceived: p.b.prove(paths.nextSequenceRecvPath('echo', p.ends.channelB), proofHeight),
      proofHeight,
      signer: 'relayer',
    })
  }

  it('closes when a packet is not received in time; one that was received does not time out', async () => {
    const first = p.send('hello', MINUTE)
    p.pass(1)
    expect(p.receive(first, await p.toB()).status).toBe('done')
    const second = p.send('hello', MINUTE)
    p.pass(120)
    // It was received, and who says otherwise has no proof.
    expect(await timeout(first, 2n)).toMatchObject(rejected('HUB_PACKET'))
    expect(await timeout(first, 1n)).toMatchObject(rejected('HUB_PROOF'))
    expect(await timeout(second, 2n)).toMatchObject({ status: 'done' })
    expect(p.log.at(-1)).toBe('timed out 2')
    expect(() => p.send()).toThrow(expect.objectContaining({ code: 'HUB_STATE' }))
  })

  it('is served by the relayer, order and timeouts included', async () => {
    for (let i = 0; i < 5; i++) p.send()
    p.pass(1)
    const relayer = p.relayer()
    while (await relayer.step());
    expect(relayer.progress).toMatchObject({ received: 5, acknowledged: 5, pending: 0, rejected: 0 })
    p.send('hello', MINUTE)
    p.pass(120)
    while (await relayer.step());
    expect(relayer.progress).toMatchObject({ timedOut: 1, pending: 0, rejected: 0 })
  })
})

describe('a channel whose other end is closed', () => {
  for (const ordering of [Order.UNORDERED, Order.ORDERED]) {
    it(`gives back what was not received there, without waiting (${ordering === 1 ? 'un' : ''}ordered)`, async () => {
      const { a, b, ends, log, send, pass, toA, toB, receive } = await pair({ ordering })
      const first = send()
      pass(1)
      expect(receive(first, await toB()).status).toBe('done')
      const second = send()
      pass(1)
      const timeoutOnClose = async (packet: Packet) => {
        const proofHeight = await toA()
        const unreceived =
          ordering === Order.ORDERED
            ? paths.nextSequenceRecvPath('echo', ends.channelB)
            : paths.receiptPath('echo', ends.channelB, packet.sequence)
        return a.deliver({
          typeUrl: '/ibc.core.channel.v1.MsgTimeoutOnClose',
          packet,
          nextSequenceRecv: 2n,
          proofUnreceived: b.prove(unreceived, proofHeight),
          proofClose: b.prove(paths.channelPath('echo', ends.channelB), proofHeight),
          proofHeight,
          signer: 'relayer',
        })
      }
      // It is open still.
      expect(await timeoutOnClose(second)).toMatchObject(rejected('HUB_PROOF'))
      const close = { typeUrl: '/ibc.core.channel.v1.MsgChannelCloseInit', portId: 'echo', signer: 'b' } as const
      expect(b.deliver({ ...close, channelId: ends.channelB }).status).toBe('done')
      expect(b.deliver({ ...close, channelId: ends.channelB })).toMatchObject(rejected('HUB_STATE'))
      pass(1)
      expect(await timeoutOnClose(first)).toMatchObject({ status: 'rejected' })
      expect(await timeoutOnClose(second)).toMatchObject({ status: 'done' })
      expect(await timeoutOnClose(second)).toMatchObject({ status: 'no-op' })
      expect(log.at(-1)).toBe('timed out 2')
      const proofHeight = await toA()
      const confirmed = a.deliver({
        typeUrl: '/ibc.core.channel.v1.MsgChannelCloseConfirm',
        portId: 'echo',
        channelId: ends.channelA,
        proofInit: b.prove(paths.channelPath('echo', ends.channelB), proofHeight),
        proofHeight,
        signer: 'relayer',
      })
      // An ordered one closed itself with the timeout.
      expect(confirmed.status).toBe(ordering === Order.ORDERED ? 'rejected' : 'done')
      expect(() => send()).toThrow(expect.objectContaining({ code: 'HUB_STATE' }))
    })
  }
})

describe('an acknowledgement', () => {
  it('may come later, once', async () => {
    const { b, log, send, pass, toA, toB, receive, acknowledge } = await pair({})
    const packet = send('later')
    pass(1)
    const received = receive(packet, await toB())
    if (received.status !== 'done') throw new Error(JSON.stringify(received))
    expect(received.events.map(({ type }) => type)).toEqual(['recv_packet'])
    const write = () => b.run(() => b.host.writeAcknowledgement(packet, utf8('at last')))
    expect(() => b.run(() => b.host.writeAcknowledgement(packet, new Uint8Array(0)))).toThrow(
      expect.objectContaining({ code: 'HUB_PACKET' }),
    )
    expect(write()[0]!.type).toBe('write_acknowledgement')
    expect(write).toThrow(expect.objectContaining({ code: 'HUB_EXISTS' }))
    pass(1)
    expect(acknowledge(packet, utf8('at last'), await toA()).status).toBe('done')
    expect(log).toEqual(['got 1', 'acknowledged 1'])
  })

  it('that means failure keeps the receipt and nothing else', async () => {
    for (const data of ['refuse', 'throw']) {
      const { send, pass, toA, toB, receive, acknowledge } = await pair({})
      const packet = send(data)
      pass(1)
      const received = receive(packet, await toB())
      if (received.status !== 'done') throw new Error(JSON.stringify(received))
      expect(acknowledgementOf(received.events.find(({ type }) => type === 'write_acknowledgement')!)).toEqual(
        utf8('error'),
      )
      pass(1)
      expect(acknowledge(packet, utf8('error'), await toA()).status).toBe('done')
    }
  })
})

describe('a connection with a delay', () => {
  it('opens its channels at once, and proves packets only at heights that the client has known that long', async () => {
    const { b, send, pass, toB, receive } = await pair({ delayPeriod: 5n * MINUTE })
    const packet = send()
    pass(1)
    const there = await toB()
    expect(receive(packet, there)).toMatchObject(rejected('HUB_PROOF'))
    b.commit(290)
    expect(receive(packet, there)).toMatchObject(rejected('HUB_PROOF'))
    b.commit(20)
    expect(receive(packet, there).status).toBe('done')
  })
})

describe('what is never sent', () => {
  it('a packet whose timeout has passed on the other chain, by its clock or by its height', async () => {
    const { a, ends, send, pass, toA } = await pair({})
    pass(120)
    const known = await toA()
    expect(() => send('hello', -10n * 1_000_000_000n)).toThrow(expect.objectContaining({ code: 'HUB_TIMEOUT' }))
    expect(() => a.run(() => a.host.sendPacket('echo', ends.channelA, known, 0n, utf8('hello')))).toThrow(
      expect.objectContaining({ code: 'HUB_TIMEOUT' }),
    )
    expect(() => a.run(() => a.host.sendPacket('echo', ends.channelA, known, 0n, new Uint8Array(0)))).toThrow(
      expect.objectContaining({ code: 'HUB_PACKET' }),
    )
    const later = { ...known, revisionHeight: known.revisionHeight + 9n }
    a.run(() => a.host.sendPacket('echo', ends.channelA, later, 0n, utf8('hello')))
  })

  it('a transfer over an ordered channel, or in an unknown version', async () => {
    for (const options of [{ ordering: Order.ORDERED, version: 'ics20-1' }, { version: 'ics20-2' }])
      await expect(pair({ portA: 'transfer', portB: 'transfer', ...options })).rejects.toMatchObject({
        code: 'HUB_RELAY',
      })
  })
})
