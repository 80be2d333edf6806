import { describe, expect, it } from 'vitest'
import type { IbcMessage } from '../../src/core/messages.ts'
import { fromUtf8, utf8 } from '../../src/encoding/bytes.ts'
import { HubError } from '../../src/errors.ts'
import { createLocalChain } from '../../src/local/chain.ts'
import { localEndpoint } from '../../src/local/endpoint.ts'
import { connectV1, connectV2 } from '../../src/relayer/connect.ts'
import { createMemoryCursors } from '../../src/relayer/endpoint.ts'
import { createRelayer } from '../../src/relayer/relayer.ts'
import { bankDenom } from '../../src/transfer/denom.ts'
import { ENCODINGS } from '../../src/transfer/packet-data.ts'

const MINUTE = 60_000_000_000n

async function pair(version: 1 | 2) {
  const a = createLocalChain({ chainId: 'alpha-1' })
  const b = createLocalChain({ chainId: 'beta-1' })
  const [ea, eb] = [localEndpoint(a), localEndpoint(b)]
  const ends =
    version === 1
      ? await connectV1(ea, eb, 'relayer').then((p) => ({ ...p, routeA: p.channelA, routeB: p.channelB }))
      : await connectV2(ea, eb, 'relayer').then((p) => ({ ...p, routeA: p.clientA, routeB: p.clientB }))
  const cursors = createMemoryCursors()
  const make = () =>
    createRelayer({
      a: {
        endpoint: ea,
        clientId: ends.clientA,
        channels: version === 1 ? [{ port: 'transfer', channel: ends.routeA }] : [],
      },
      b: {
        endpoint: eb,
        clientId: ends.clientB,
        channels: version === 1 ? [{ port: 'transfer', channel: ends.routeB }] : [],
      },
      cursors,
      signer: 'relayer',
      onRejected: (chain, message, reason) => console.log('rejected', chain, message.typeUrl, reason),
    })
  const send = (
    from: typeof a,
    denom: string,
    amount: bigint,
    sender: string,
    receiver: string,
    timeout = 10n * MINUTE,
    encoding?: string,
  ) =>
    from.run(() => {
      const route = from === a ? ends.routeA : ends.routeB
      if (version === 1)
        from.transfer.send(
          { port: 'transfer', channel: route },
          { denom, amount, sender, receiver },
          { timestamp: from.now() + timeout },
        )
      else
        from.transfer.sendV2(
          route,
          { denom, amount, sender, receiver },
          (from.now() + timeout) / 1_000_000_000n,
          encoding,
        )
    })
  const settle = async (relayer = make()) => {
    for (let i = 0; i < 10; i++) {
      a.commit()
      b.commit()
      if (!(await relayer.step()) && relayer.progress.pending === 0) break
    }
    return relayer.progress
  }
  const voucher = (route: string, base: string) => bankDenom({ base, trace: [{ port: 'transfer', channel: route }] })
  return { a, b, ends, send, settle, voucher, make, cursors }
}

for (const version of [1, 2] as const) {
  describe(`transfers over IBC v${version}`, () => {
    it('go there, come home, and leave nothing behind', async () => {
      const { a, b, ends, send, settle, voucher } = await pair(version)
      a.run(() => a.bank.mint('alice', 'uzos', 1000n))
      send(a, 'uzos', 700n, 'alice', 'bob')
      expect(await settle()).toMatchObject({ received: 1, acknowledged: 1, pending: 0, rejected: 0 })
      const name = voucher(ends.routeB, 'uzos')
      expect(b.bank.balance('bob', name)).toBe(700n)
      expect(b.transfer.denomOf(name)).toEqual({ base: 'uzos', trace: [{ port: 'transfer', channel: ends.routeB }] })
      expect(a.transfer.denomOf('uzos')).toEqual({ base: 'uzos', trace: [] })
      expect(() => a.transfer.denomOf(name)).toThrow(expect.objectContaining({ code: 'HUB_NOT_FOUND' }))
      send(b, name, 300n, 'bob', 'alice')
      await settle()
      expect([a.bank.balance('alice', 'uzos'), b.bank.balance('bob', name), b.bank.supply(name)]).toEqual([
        600n,
        400n,
        400n,
      ])
    })

    it('are refunded on timeout, exactly once', async () => {
      const { a, b, send, settle } = await pair(version)
      a.run(() => a.bank.mint('alice', 'uzos', 1000n))
      send(a, 'uzos', 700n, 'alice', 'bob', MINUTE)
      expect(a.bank.balance('alice', 'uzos')).toBe(300n)
      a.commit(120)
      b.commit(120)
      b.commit()
      expect(await settle()).toMatchObject({ received: 0, timedOut: 1, pending: 0 })
      expect(a.bank.balance('alice', 'uzos')).toBe(1000n)
    })

    it('of vouchers that never came in are refused at home', async () => {
      const { a, b, ends, send, settle, voucher } = await pair(version)
      b.run(() => b.bank.mint('bob', voucher(ends.routeB, 'nothing'), 5n))
      a.run(() => a.bank.mint('alice', 'uzos', 10n))
      // b returns vouchers that a never escrowed: a refuses, b gives back.
      const name = voucher(ends.routeB, 'nothing')
      send(a, 'uzos', 10n, 'alice', 'bob')
      await settle()
      expect(b.bank.balance('bob', name)).toBe(5n)
      expect(() => send(b, name, 1n, 'bob', 'alice')).toThrow(expect.objectContaining({ code: 'HUB_NOT_FOUND' }))
    })

    it('survive a relayer that is replaced in the middle', async () => {
      const { a, b, send, settle, make, voucher, ends } = await pair(version)
      a.run(() => a.bank.mint('alice', 'uzos', 1000n))
      for (let i = 0; i < 5; i++) send(a, 'uzos', 10n, 'alice', 'bob')
      a.commit()
      b.commit()
      const first = make()
      await first.step()
      expect(b.bank.balance('bob', voucher(ends.routeB, 'uzos'))).toBe(50n)
      // A new one with the same marks finds the acknowledgements that the first did not carry.
      expect(await settle(make())).toMatchObject({ acknowledged: 5, pending: 0, rejected: 0 })
    })
  })
}

describe('a packet that no submission can carry', () => {
  it('holds up no other, is tried ever less often, and comes back when its time is over', async () => {
    const a = createLocalChain({ chainId: 'alpha-1' })
    const b = createLocalChain({ chainId: 'beta-1' })
    const [ea, eb] = [localEndpoint(a), localEndpoint(b)]
    const { clientA, clientB } = await connectV2(ea, eb, 'relayer')
    let attempts = 0
    const refused: string[] = []
    const relayer = createRelayer({
      a: { endpoint: ea, clientId: clientA },
      b: {
        clientId: clientB,
        endpoint: {
          ...eb,
          async submit(messages, signal) {
            const isHeavy = (message: IbcMessage) =>
              message.typeUrl === '/ibc.core.channel.v2.MsgRecvPacket' &&
              message.packet!.payloads!.some(({ value }) => fromUtf8(value!).includes('heavy'))
            if (messages.some(isHeavy)) {
              attempts++
              throw new HubError('HUB_SUBMISSION', 'more gas than a transaction may have')
            }
            return eb.submit(messages, signal)
          },
        },
      },
      cursors: createMemoryCursors(),
      signer: 'relayer',
      onRejected: (_chain, message, reason) => refused.push(`${message.typeUrl}: ${reason}`),
    })
    a.run(() => a.bank.mint('alice', 'uzos', 100n))
    const send = (memo: string) =>
      a.run(() =>
        a.transfer.sendV2(
          clientA,
          { denom: 'uzos', amount: 1n, sender: 'alice', receiver: 'bob', memo },
          (a.now() + 30n * MINUTE) / 1_000_000_000n,
        ),
      )
    for (let i = 0; i < 9; i++) send(i === 3 ? 'heavy' : '')
    a.commit()
    b.commit()
    await relayer.step()
    expect(relayer.progress).toMatchObject({ received: 8, rejected: 1 })
    expect(refused).toEqual(['/ibc.core.channel.v2.MsgRecvPacket: more gas than a transaction may have'])
    const first = attempts
    for (let i = 0; i < 20; i++) {
      a.commit(2)
      b.commit(2)
      await relayer.step()
    }
    expect(relayer.progress).toMatchObject({ acknowledged: 8, pending: 1 })
    expect(attempts - first).toBe(3)
    for (let i = 0; i < 70; i++) {
      a.commit(60)
      b.commit(60)
      await relayer.step()
    }
    expect(relayer.progress).toMatchObject({ received: 8, timedOut: 1, pending: 0 })
    expect(a.bank.balance('alice', 'uzos')).toBe(92n)
  })
})

describe('marks of a relayer', () => {
  it('are those of the channels it serves: one that is added later loses nothing', async () => {
    const { a, b, ends, send, settle, cursors, voucher } = await pair(1)
    a.run(() => a.bank.mint('alice', 'uzos', 1000n))
    const relayer = (channels: boolean) =>
      createRelayer({
        a: {
          endpoint: localEndpoint(a),
          clientId: ends.clientA,
          channels: channels ? [{ port: 'transfer', channel: ends.routeA }] : [],
        },
        b: {
          endpoint: localEndpoint(b),
          clientId: ends.clientB,
          channels: channels ? [{ port: 'transfer', channel: ends.routeB }] : [],
        },
        cursors,
        signer: 'relayer',
      })
    send(a, 'uzos', 10n, 'alice', 'bob')
    expect(await settle(relayer(false))).toMatchObject({ received: 0 })
    expect(await settle(relayer(true))).toMatchObject({ received: 1, acknowledged: 1 })
    expect(b.bank.balance('bob', voucher(ends.routeB, 'uzos'))).toBe(10n)
  })

  it('begin where they are told to when there are none', async () => {
    const { a, b, ends, send, settle } = await pair(2)
    a.run(() => a.bank.mint('alice', 'uzos', 1000n))
    const relayer = (startHeight: bigint) =>
      createRelayer({
        a: { endpoint: localEndpoint(a), clientId: ends.clientA, startHeight },
        b: { endpoint: localEndpoint(b), clientId: ends.clientB },
        cursors: createMemoryCursors(),
        signer: 'relayer',
      })
    send(a, 'uzos', 10n, 'alice', 'bob')
    const sentAt = a.height().revisionHeight
    a.commit()
    expect(await settle(relayer(sentAt + 1n))).toMatchObject({ received: 0 })
    expect(await settle(relayer(sentAt))).toMatchObject({ received: 1, acknowledged: 1 })
  })
})

describe('IBC v2 payloads', () => {
  for (const encoding of Object.values(ENCODINGS)) {
    it(`transfer in ${encoding}`, async () => {
      const { a, b, send, settle, voucher, ends } = await pair(2)
      a.run(() => a.bank.mint('alice', 'uzos', 9n))
      send(a, 'uzos', 9n, 'alice', 'bob', MINUTE, encoding)
      await settle()
      expect(b.bank.balance('bob', voucher(ends.routeB, 'uzos'))).toBe(9n)
    })
  }
})

describe('MsgTransfer', () => {
  const transferOf = (chain: Awaited<ReturnType<typeof pair>>['a'], sourceChannel: string, amount: string, more = {}) =>
    chain.deliver({
      typeUrl: '/ibc.applications.transfer.v1.MsgTransfer',
      sourcePort: 'transfer',
      sourceChannel,
      token: { denom: 'uzos', amount },
      sender: 'alice',
      receiver: 'bob',
      ...more,
    })

  it('goes over the channel it names, or over the client, as in ibc-go', async () => {
    for (const version of [1, 2] as const) {
      const { a, b, ends, settle, voucher } = await pair(version)
      a.run(() => a.bank.mint('alice', 'uzos', 1000n))
      const timeoutTimestamp = (a.now() + 10n * MINUTE) / (version === 1 ? 1n : 1_000_000_000n)
      const result = transferOf(a, ends.routeA, '700', { timeoutTimestamp })
      expect(result).toMatchObject({ status: 'done', result: 1n })
      await settle()
      expect(b.bank.balance('bob', voucher(ends.routeB, 'uzos'))).toBe(700n)
    }
  })

  it('of 2^256 - 1 sends all there is', async () => {
    const { a, b, ends, settle, voucher } = await pair(1)
    a.run(() => a.bank.mint('alice', 'uzos', 1000n))
    const all = { timeoutTimestamp: a.now() + 10n * MINUTE }
    expect(transferOf(a, ends.routeA, String(2n ** 256n - 1n), all).status).toBe('done')
    await settle()
    expect([a.bank.balance('alice', 'uzos'), b.bank.balance('bob', voucher(ends.routeB, 'uzos'))]).toEqual([0n, 1000n])
    expect(transferOf(a, ends.routeA, String(2n ** 256n - 1n), all)).toMatchObject({ code: 'HUB_APPLICATION' })
  })

  it('is refused with an amount that is no number, a height where there are none, an alias, and a route that is none', async () => {
    const { a, ends } = await pair(2)
    a.run(() => a.bank.mint('alice', 'uzos', 1000n))
    const soon = { timeoutTimestamp: (a.now() + MINUTE) / 1_000_000_000n }
    for (const amount of ['', '-1', '1.5', '0x1', '1'.repeat(79)])
      expect(transferOf(a, ends.routeA, amount, soon)).toMatchObject({ code: 'HUB_APPLICATION' })
    const timeoutHeight = { revisionNumber: 1n, revisionHeight: 99n }
    expect(transferOf(a, ends.routeA, '1', { ...soon, timeoutHeight })).toMatchObject({ code: 'HUB_TIMEOUT' })
    expect(transferOf(a, ends.routeA, '1', { ...soon, useAliasing: true })).toMatchObject({
      code: 'HUB_INVALID_ARGUMENT',
    })
    expect(transferOf(a, 'channel-77', '1', soon)).toMatchObject({ code: 'HUB_NOT_FOUND' })
    expect(transferOf(a, ends.routeA, '1', { ...soon, encoding: 'application/xml' })).toMatchObject({
      code: 'HUB_APPLICATION',
    })
    expect(a.bank.balance('alice', 'uzos')).toBe(1000n)
  })
})

describe('a packet that is refused', () => {
  it('says why in an event, which its acknowledgement does not tell', async () => {
    for (const version of [1, 2] as const) {
      const { a, b, ends, send, settle, voucher } = await pair(version)
      // Vouchers that b made up: a never escrowed them.
      const name = voucher(ends.routeB, 'uzos')
      a.run(() => a.bank.mint('alice', 'uzos', 5n))
      send(a, 'uzos', 5n, 'alice', 'bob')
      await settle()
      b.run(() => b.bank.mint('bob', name, 5n))
      send(b, name, 9n, 'bob', 'alice')
      await settle()
      expect(b.bank.balance('bob', name)).toBe(10n)
      const [event] = a.events.filter(({ type }) => type.startsWith('ibccallbackerror-'))
      expect(event).toMatchObject({
        type: 'ibccallbackerror-fungible_token_packet',
        attributes: {
          'ibccallbackerror-success': 'false',
          'ibccallbackerror-error': 'HUB_INSUFFICIENT: the account does not have that much',
        },
      })
    }
  })
})

describe('a message that fails', () => {
  it('changes nothing', async () => {
    const { a, ends } = await pair(1)
    a.commit()
    const before = a.tree.hashOf(a.tree.version)
    for (const typeUrl of ['/ibc.core.channel.v1.MsgRecvPacket', '/ibc.core.channel.v1.MsgTimeout'] as const) {
      const result = a.deliver({
        typeUrl,
        packet: {
          sequence: 1n,
          sourcePort: 'transfer',
          sourceChannel: ends.routeB,
          destinationPort: 'transfer',
          destinationChannel: ends.routeA,
          data: utf8('{}'),
          timeoutHeight: { revisionNumber: 0n, revisionHeight: 0n },
          timeoutTimestamp: a.now() + MINUTE,
        },
        proofHeight: a.host.clientHeight(ends.clientA),
      })
      expect(result.status).toBe('rejected')
    }
    a.commit()
    expect(a.tree.hashOf(a.tree.version)).toEqual(before)
  })
})
