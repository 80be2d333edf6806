/** What ends a v2 packet, and what does not. */
import { beforeEach, describe, expect, it } from 'vitest'
import { ERROR_ACKNOWLEDGEMENT_V2 } from '../../src/core/commitments.ts'
import type { Height, PacketV2, Payload } from '../../src/core/messages.ts'
import * as paths from '../../src/core/paths.ts'
import { utf8 } from '../../src/encoding/bytes.ts'
import { createLocalChain, type LocalChain } from '../../src/local/chain.ts'
import { localEndpoint } from '../../src/local/endpoint.ts'
import { connectV2, updateClient } from '../../src/relayer/connect.ts'
import { acknowledgementOf, packetOf } from '../../src/relayer/packet-events.ts'
import { createEcho } from './echo.ts'

const SECOND = 1_000_000_000n
const rejected = (code: string) => ({ status: 'rejected', code })
const payload = (data: string): Payload => ({
  sourcePort: 'echo',
  destinationPort: 'echo',
  version: 'echo-1',
  encoding: 'text',
  value: utf8(data),
})

let a: LocalChain
let b: LocalChain
let ends: { clientA: string; clientB: string }
let log: string[]

beforeEach(async () => {
  a = createLocalChain({ chainId: 'alpha-1', validators: 1 })
  b = createLocalChain({ chainId: 'beta-1', validators: 1 })
  log = []
  for (const chain of [a, b]) chain.host.bind('echo', createEcho(log))
  ends = await connectV2(localEndpoint(a), localEndpoint(b), 'relayer')
})

function send(data: readonly string[] = ['hello'], seconds = 600n): PacketV2 {
  const [event] = a.run(() => {
    a.host.sendPacketV2(ends.clientA, a.now() / SECOND + seconds, data.map(payload), 'alice')
  })
  return packetOf(event!)!.packet as PacketV2
}
function pass(seconds: number): void {
  for (const chain of [a, b]) {
    chain.commit(seconds)
    chain.commit(0.01)
  }
}
const toB = () => updateClient(localEndpoint(b), localEndpoint(a), ends.clientB, 'relayer')
const toA = () => updateClient(localEndpoint(a), localEndpoint(b), ends.clientA, 'relayer')
const receive = (packet: PacketV2, proofHeight: Height) =>
  b.deliver({
    typeUrl: '/ibc.core.channel.v2.MsgRecvPacket',
    packet,
    proofCommitment: a.prove(paths.commitmentPathV2(ends.clientA, packet.sequence), proofHeight),
    proofHeight,
    signer: 'relayer',
  })
const acknowledge = (packet: PacketV2, appAcknowledgements: Uint8Array[], proofHeight: Height) =>
  a.deliver({
    typeUrl: '/ibc.core.channel.v2.MsgAcknowledgement',
    packet,
    acknowledgement: { appAcknowledgements },
    proofAcked: b.prove(paths.ackPathV2(ends.clientB, packet.sequence), proofHeight),
    proofHeight,
    signer: 'relayer',
  })
const timeout = (packet: PacketV2, proofHeight: Height) =>
  a.deliver({
    typeUrl: '/ibc.core.channel.v2.MsgTimeout',
    packet,
    proofUnreceived: b.prove(paths.receiptPathV2(ends.clientB, packet.sequence), proofHeight),
    proofHeight,
    signer: 'relayer',
  })

describe('a v2 packet', () => {
  it('is acknowledged once, for what was sent, with what was written', async () => {
    const packet = send(['one', 'two'])
    pass(1)
    expect(receive(packet, await toB()).status).toBe('done')
    pass(1)
    const back = await toA()
    const acks = [utf8('one'), utf8('two')]
    for (const wrong of [[], [utf8('one')], [...acks, utf8('three')], [ERROR_ACKNOWLEDGEMENT_V2, utf8('two')]])
      expect(acknowledge(packet, wrong, back)).toMatchObject(rejected('HUB_PACKET'))
    expect(acknowledge(packet, [utf8('two'), utf8('one')], back)).toMatchObject(rejected('HUB_PROOF'))
    expect(acknowledge(packet, [ERROR_ACKNOWLEDGEMENT_V2], back)).toMatchObject(rejected('HUB_PROOF'))
    expect(acknowledge({ ...packet, payloads: [payload('one'), payload('2')] }, acks, back)).toMatchObject(
      rejected('HUB_PACKET'),
    )
    expect(acknowledge({ ...packet, destinationClient: '07-tendermint-8' }, acks, back)).toMatchObject(
      rejected('HUB_PACKET'),
    )
    expect(acknowledge(packet, acks, back).status).toBe('done')
    expect(acknowledge(packet, acks, back).status).toBe('no-op')
    expect(log).toEqual(['got 1', 'got 1', 'acknowledged 1', 'acknowledged 1'])
  })

  it('comes too late after its timeout, and times out no sooner', async () => {
    const packet = send(['hello'], 60n)
    pass(1)
    expect(timeout(packet, await toA())).toMatchObject(rejected('HUB_TIMEOUT'))
    pass(60)
    expect(receive(packet, await toB())).toMatchObject(rejected('HUB_TIMEOUT'))
    const late = await toA()
    expect(timeout({ ...packet, payloads: [payload('other')] }, late)).toMatchObject(rejected('HUB_PACKET'))
    expect(timeout(packet, late).status).toBe('done')
    expect(timeout(packet, late).status).toBe('no-op')
    expect(log).toEqual(['timed out 1'])
  })

  it('that was received does not time out', async () => {
    const packet = send(['hello'], 60n)
    pass(1)
    expect(receive(packet, await toB()).status).toBe('done')
    pass(60)
    expect(timeout(packet, await toA())).toMatchObject(rejected('HUB_PROOF'))
  })

  const answerTo = async (packet: PacketV2) => {
    pass(1)
    const result = receive(packet, await toB())
    if (result.status !== 'done') throw new Error(JSON.stringify(result))
    return acknowledgementOf(result.events.find(({ type }) => type === 'write_acknowledgement')!)
  }
  const FAILED = { appAcknowledgements: [ERROR_ACKNOWLEDGEMENT_V2] }

  it('fails as a whole when one of its payloads is refused', async () => {
    const packet = send(['hello', 'throw'])
    expect(await answerTo(packet)).toEqual(FAILED)
    pass(1)
    expect(acknowledge(packet, [ERROR_ACKNOWLEDGEMENT_V2], await toA()).status).toBe('done')
    expect(log.slice(-2)).toEqual(['failed 1', 'failed 1'])
  })

  it('fails when an application’s success would look like the universal error', async () => {
    b.host.bind('mimic', { payload: { ...createEcho(log).payload, onReceive: () => ERROR_ACKNOWLEDGEMENT_V2 } })
    b.host.bind('empty', { payload: { ...createEcho(log).payload, onReceive: () => new Uint8Array(0) } })
    for (const destinationPort of ['mimic', 'empty', 'nobody']) {
      const [event] = a.run(() => {
        const payloads = [{ ...payload('x'), destinationPort }]
        a.host.sendPacketV2(ends.clientA, a.now() / SECOND + 600n, payloads, 'alice')
      })
      const packet = packetOf(event!)!.packet as PacketV2
      expect(await answerTo(packet), destinationPort).toEqual(FAILED)
      pass(1)
      // The sender is told that it failed, and not that it succeeded with those bytes.
      expect(acknowledge(packet, [ERROR_ACKNOWLEDGEMENT_V2], await toA()).status).toBe('done')
      expect(log.at(-1)).toMatch(/^failed/)
    }
  })

  it('may be acknowledged later, once, if it was received and has one payload', async () => {
    const write = (packet: PacketV2) =>
      b.run(() => b.host.writeAcknowledgementV2(packet, { appAcknowledgements: [utf8('yes')] }))
    const packet = send(['later'])
    expect(() => write(packet)).toThrow(expect.objectContaining({ code: 'HUB_PACKET' }))
    pass(1)
    expect(receive(packet, await toB())).toMatchObject({ status: 'done', events: [{ type: 'recv_packet' }] })
    expect(write(packet)[0]!.type).toBe('write_acknowledgement')
    expect(() => write(packet)).toThrow(expect.objectContaining({ code: 'HUB_EXISTS' }))
    pass(1)
    expect(acknowledge(packet, [utf8('yes')], await toA()).status).toBe('done')
    expect(await answerTo(send(['later', 'hello']))).toEqual(FAILED)
  })

  it('has payloads, each with everything, of 262,144 bytes together at most', () => {
    const half = 'x'.repeat(131_072)
    expect(send([half, half]).sequence).toBe(1n)
    const refused = (payloads: Payload[]) =>
      expect(() => a.run(() => a.host.sendPacketV2(ends.clientA, a.now() / SECOND + 600n, payloads, 'alice'))).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/HUB_(PACKET|INVALID_ARGUMENT)/) }),
      )
    refused([])
    refused([payload(half), payload(`${half}x`)])
    for (const lack of [{ version: '' }, { encoding: '' }, { value: new Uint8Array(0) }, { sourcePort: '' }])
      refused([{ ...payload('x'), ...lack }])
  })
})

describe('a v2 transfer', () => {
  const transfer = (change: Partial<Payload>, signer = 'alice') =>
    a.deliver({
      typeUrl: '/ibc.core.channel.v2.MsgSendPacket',
      sourceClient: ends.clientA,
      timeoutTimestamp: a.now() / SECOND + 600n,
      payloads: [
        {
          sourcePort: 'transfer',
          destinationPort: 'transfer',
          version: 'ics20-1',
          encoding: 'application/json',
          value: utf8('{"amount":"1","denom":"uzos","receiver":"bob","sender":"alice"}'),
          ...change,
        },
      ],
      signer,
    })

  it('goes from transfer port to transfer port, in a known version, from its sender, under the path of its token', () => {
    a.run(() => a.bank.mint('alice', 'uzos', 10n))
    expect(transfer({ destinationPort: 'echo' })).toMatchObject(rejected('HUB_APPLICATION'))
    expect(transfer({ version: 'ics20-2' })).toMatchObject(rejected('HUB_APPLICATION'))
    expect(transfer({}, 'mallory')).toMatchObject(rejected('HUB_UNAUTHORIZED'))
    const value = utf8('{"amount":"1","denom":"transfer/channel-9/uzos","receiver":"bob","sender":"alice"}')
    expect(transfer({ value })).toMatchObject({ status: 'rejected' })
    expect(a.bank.balance('alice', 'uzos')).toBe(10n)
    expect(transfer({}).status).toBe('done')
    expect(a.bank.balance('alice', 'uzos')).toBe(9n)
  })
})
