/** One test a guard of the packet handlers: what happens to those who try to get round it. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { Packet, PacketV2 } from '../../src/core/messages.ts'
import * as paths from '../../src/core/paths.ts'
import { fromUtf8, utf8 } from '../../src/encoding/bytes.ts'
import { createLocalChain, type LocalChain } from '../../src/local/chain.ts'
import { localEndpoint } from '../../src/local/endpoint.ts'
import { connectV1, connectV2, updateClient } from '../../src/relayer/connect.ts'
import { acknowledgementOf, packetOf } from '../../src/relayer/packet-events.ts'

const MINUTE = 60_000_000_000n

describe('IBC v1', () => {
  let a: LocalChain
  let b: LocalChain
  let ends: Awaited<ReturnType<typeof connectV1>>
  beforeAll(async () => {
    a = createLocalChain({ chainId: 'alpha-1' })
    b = createLocalChain({ chainId: 'beta-1' })
    ends = await connectV1(localEndpoint(a), localEndpoint(b), 'relayer')
    a.run(() => a.bank.mint('alice', 'uzos', 10_000n))
  })

  const send = (timeout = 10n * MINUTE): Packet => {
    const [event] = a.run(() =>
      a.transfer.send(
        { port: 'transfer', channel: ends.channelA },
        { denom: 'uzos', amount: 1n, sender: 'alice', receiver: 'bob' },
        { timestamp: a.now() + timeout },
      ),
    )
    a.commit()
    b.commit()
    return packetOf(event!)!.packet as Packet
  }
  const recvMessage = async (packet: Packet) => {
    const proofHeight = await updateClient(localEndpoint(b), localEndpoint(a), ends.clientB, 'relayer')
    return {
      typeUrl: '/ibc.core.channel.v1.MsgRecvPacket' as const,
      packet,
      proofCommitment: a.prove(paths.commitmentPath('transfer', ends.channelA, packet.sequence), proofHeight),
      proofHeight,
      signer: 'relayer',
    }
  }

  it('a packet is received once; a replay changes nothing', async () => {
    const message = await recvMessage(send())
    expect(b.deliver(message).status).toBe('done')
    const supply = [...b.events].length
    expect(b.deliver(message).status).toBe('no-op')
    expect(b.events.length).toBe(supply)
  })

  it('a packet with any field changed is refused', async () => {
    const message = await recvMessage(send())
    for (const change of [
      { data: utf8('{"amount":"999","denom":"uzos","receiver":"bob","sender":"alice"}') },
      { sequence: message.packet.sequence + 1n },
      { timeoutTimestamp: message.packet.timeoutTimestamp + 1n },
      { timeoutHeight: { revisionNumber: 9n, revisionHeight: 9n } },
    ]) {
      expect(b.deliver({ ...message, packet: { ...message.packet, ...change } })).toMatchObject({
        status: 'rejected',
        code: 'HUB_PROOF',
      })
    }
    for (const change of [{ sourceChannel: 'channel-7' }, { sourcePort: 'other' }]) {
      expect(b.deliver({ ...message, packet: { ...message.packet, ...change } })).toMatchObject({
        status: 'rejected',
        code: 'HUB_PACKET',
      })
    }
    expect(b.deliver({ ...message, proofCommitment: new Uint8Array(0) }).status).toBe('rejected')
    expect(
      b.deliver({
        ...message,
        proofHeight: { ...message.proofHeight, revisionHeight: message.proofHeight.revisionHeight + 5n },
      }),
    ).toMatchObject({ code: 'HUB_PROOF', reason: expect.stringContaining('above what the client knows') })
  })

  it('a packet that is too late is refused where it arrives', async () => {
    const packet = send(20_000_000_000n)
    a.commit(30)
    b.commit(30)
    b.commit()
    expect(b.deliver(await recvMessage(packet))).toMatchObject({ status: 'rejected', code: 'HUB_TIMEOUT' })
  })

  it('a packet does not time out before its time, nor after it was received', async () => {
    const packet = send(60n * MINUTE)
    const early = await updateClient(localEndpoint(a), localEndpoint(b), ends.clientA, 'relayer')
    const receipt = paths.receiptPath('transfer', ends.channelB, packet.sequence)
    const timeout = (proofHeight: typeof early) => ({
      typeUrl: '/ibc.core.channel.v1.MsgTimeout' as const,
      packet,
      proofUnreceived: b.prove(receipt, proofHeight),
      proofHeight,
      nextSequenceRecv: 1n,
      signer: 'relayer',
    })
    expect(a.deliver(timeout(early))).toMatchObject({ status: 'rejected', code: 'HUB_TIMEOUT' })
    expect(b.deliver(await recvMessage(packet)).status).toBe('done')
    a.commit(3601)
    b.commit(3601)
    b.commit()
    const late = await updateClient(localEndpoint(a), localEndpoint(b), ends.clientA, 'relayer')
    expect(a.deliver(timeout(late))).toMatchObject({ status: 'rejected', code: 'HUB_PROOF' })
  })

  it('an acknowledgement must be the one that was written, for the packet that was sent, and counts once', async () => {
    const packet = send()
    const result = b.deliver(await recvMessage(packet))
    if (result.status !== 'done') throw new Error('not received')
    const acknowledgement = acknowledgementOf(
      result.events.find((e) => e.type === 'write_acknowledgement')!,
    ) as Uint8Array
    b.commit()
    a.commit()
    const proofHeight = await updateClient(localEndpoint(a), localEndpoint(b), ends.clientA, 'relayer')
    const message = {
      typeUrl: '/ibc.core.channel.v1.MsgAcknowledgement' as const,
      packet,
      acknowledgement,
      proofAcked: b.prove(paths.ackPath('transfer', ends.channelB, packet.sequence), proofHeight),
      proofHeight,
      signer: 'relayer',
    }
    expect(a.deliver({ ...message, acknowledgement: utf8('{"error":"forged"}') })).toMatchObject({ code: 'HUB_PROOF' })
    expect(a.deliver({ ...message, packet: { ...packet, data: utf8('{"amount":"9999"}') } })).toMatchObject({
      code: 'HUB_PACKET',
    })
    expect(a.deliver(message).status).toBe('done')
    expect(a.deliver(message).status).toBe('no-op')
  })

  it('transfer channels stay open, and unknown things are named', () => {
    expect(
      a.deliver({
        typeUrl: '/ibc.core.channel.v1.MsgChannelCloseInit',
        portId: 'transfer',
        channelId: ends.channelA,
        signer: 'mallory',
      }),
    ).toMatchObject({ code: 'HUB_UNAUTHORIZED' })
    expect(
      a.deliver({
        typeUrl: '/ibc.core.client.v1.MsgUpdateClient',
        clientId: '07-tendermint-99',
        clientMessage: { typeUrl: '', value: new Uint8Array(0) },
      }),
    ).toMatchObject({ code: 'HUB_NOT_FOUND' })
    expect(() => a.host.bind('transfer', { channel: a.transfer.channel })).toThrow(
      expect.objectContaining({ code: 'HUB_EXISTS' }),
    )
    expect(
      a.deliver({ typeUrl: '/ibc.core.connection.v1.MsgConnectionOpenAck', connectionId: ends.connectionA }),
    ).toMatchObject({ code: 'HUB_STATE' })
    expect(() =>
      a.transfer.send(
        { port: 'transfer', channel: ends.channelA },
        { denom: 'uzos', amount: 1n, sender: 'alice', receiver: 'bob' },
        {},
      ),
    ).toThrow(expect.objectContaining({ code: 'HUB_TIMEOUT' }))
  })

  it('a frozen client stops its packets', async () => {
    const packet = send()
    const message = await recvMessage(packet)
    const fork = createLocalChain({ chainId: 'alpha-1' })
    fork.tree.set(utf8('fork'), utf8('1'))
    const trusted = b.host.clientHeight(ends.clientB)
    for (let i = 0n; i < trusted.revisionHeight; i++) fork.commit()
    const before = { ...trusted, revisionHeight: trusted.revisionHeight - 1n }
    const known = b.tree.get(paths.consensusStatePath(ends.clientB, before))
      ? before
      : { ...trusted, revisionHeight: 1n }
    const result = b.deliver({
      typeUrl: '/ibc.core.client.v1.MsgUpdateClient',
      clientId: ends.clientB,
      clientMessage: fork.update(trusted, known),
      signer: 'watcher',
    })
    expect(result.status).toBe('done')
    expect(b.host.clientStatus(ends.clientB)).toBe('frozen')
    expect(b.deliver(message)).toMatchObject({ status: 'rejected', code: 'HUB_CLIENT_INACTIVE' })
  })
})

describe('IBC v2', () => {
  let a: LocalChain
  let b: LocalChain
  let ends: Awaited<ReturnType<typeof connectV2>>
  beforeAll(async () => {
    a = createLocalChain({ chainId: 'alpha-1' })
    b = createLocalChain({ chainId: 'beta-1' })
    ends = await connectV2(localEndpoint(a), localEndpoint(b), 'relayer')
    a.run(() => a.bank.mint('alice', 'uzos', 10_000n))
  })

  it('a timeout lies in the future and within a day', () => {
    const seconds = a.now() / 1_000_000_000n
    for (const timeout of [0n, seconds, seconds + 86_401n]) {
      expect(() =>
        a.run(() =>
          a.transfer.sendV2(ends.clientA, { denom: 'uzos', amount: 1n, sender: 'alice', receiver: 'bob' }, timeout),
        ),
      ).toThrow(expect.objectContaining({ code: 'HUB_TIMEOUT' }))
    }
  })

  it('the counterparty is registered once, by the client’s creator', () => {
    const message = {
      typeUrl: '/ibc.core.client.v2.MsgRegisterCounterparty' as const,
      clientId: ends.clientA,
      counterpartyClientId: '07-tendermint-7',
      counterpartyMerklePrefix: [utf8('ibc'), new Uint8Array(0)],
    }
    expect(a.deliver({ ...message, signer: 'mallory' })).toMatchObject({ code: 'HUB_UNAUTHORIZED' })
    expect(a.deliver({ ...message, signer: 'relayer' })).toMatchObject({ code: 'HUB_EXISTS' })
  })

  it('a packet is received once and unchanged', async () => {
    const [event] = a.run(() =>
      a.transfer.sendV2(
        ends.clientA,
        { denom: 'uzos', amount: 1n, sender: 'alice', receiver: 'bob' },
        a.now() / 1_000_000_000n + 600n,
      ),
    )
    a.commit()
    b.commit()
    const packet = packetOf(event!)!.packet as PacketV2
    const proofHeight = await updateClient(localEndpoint(b), localEndpoint(a), ends.clientB, 'relayer')
    const message = {
      typeUrl: '/ibc.core.channel.v2.MsgRecvPacket' as const,
      packet,
      proofCommitment: a.prove(paths.commitmentPathV2(ends.clientA, packet.sequence), proofHeight),
      proofHeight,
      signer: 'relayer',
    }
    expect(
      b.deliver({ ...message, packet: { ...packet, timeoutTimestamp: packet.timeoutTimestamp + 1n } }),
    ).toMatchObject({ code: 'HUB_PROOF' })
    expect(b.deliver({ ...message, packet: { ...packet, sourceClient: '07-tendermint-9' } })).toMatchObject({
      code: 'HUB_PACKET',
    })
    expect(b.deliver({ ...message, packet: { ...packet, payloads: [] } })).toMatchObject({ code: 'HUB_PACKET' })
    expect(b.deliver(message).status).toBe('done')
    expect(b.deliver(message).status).toBe('no-op')
  })

  it('only the sender sends its tokens', () => {
    expect(
      a.deliver({
        typeUrl: '/ibc.core.channel.v2.MsgSendPacket',
        sourceClient: ends.clientA,
        timeoutTimestamp: a.now() / 1_000_000_000n + 60n,
        payloads: [
          {
            sourcePort: 'transfer',
            destinationPort: 'transfer',
            version: 'ics20-1',
            encoding: 'application/json',
            value: utf8('{"amount":"1","denom":"uzos","receiver":"m","sender":"alice"}'),
          },
        ],
        signer: 'mallory',
      }),
    ).toMatchObject({ code: 'HUB_UNAUTHORIZED' })
  })
})

it('a client forgets states that are older than its trusting period, with the times it learned them', async () => {
  const [a, b] = [createLocalChain({ chainId: 'alpha-1' }), createLocalChain({ chainId: 'beta-1' })]
  const { clientA } = await connectV2(localEndpoint(a), localEndpoint(b), 'relayer')
  const DAY = 86_400
  for (let day = 0; day < 30; day++) {
    a.commit(DAY)
    b.commit(DAY)
    // A second later than that of b's block, which must not be from the future.
    a.commit(1)
    await updateClient(localEndpoint(a), localEndpoint(b), clientA, 'relayer')
  }
  const kept = (kind: string) =>
    [...a.tree.entries()].filter(([key]) => fromUtf8(key).startsWith(`clients/${clientA}/${kind}/`)).length
  // Fourteen days are trusted; one state goes with each update.
  expect(kept('consensusStates')).toBeLessThan(18)
  expect(kept('processed')).toBe(kept('consensusStates'))
})
