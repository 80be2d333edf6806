import { readdirSync } from 'node:fs'
import { Channel as PeerChannel } from 'cosmjs-types/ibc/core/channel/v1/channel'
import { MsgRecvPacket as PeerMsgRecv } from 'cosmjs-types/ibc/core/channel/v1/tx'
import { ConnectionEnd as PeerConnection } from 'cosmjs-types/ibc/core/connection/v1/connection'
import {
  ClientState as PeerClientState,
  Header as PeerHeader,
} from 'cosmjs-types/ibc/lightclients/tendermint/v1/tendermint'
import { describe, expect, it } from 'vitest'
import { commitAcknowledgementV2, commitPacketV2, ERROR_ACKNOWLEDGEMENT_V2 } from '../../src/core/commitments.ts'
import { createIbcHost } from '../../src/core/host.ts'
import { createJournal } from '../../src/core/journal.ts'
import { Channel, ConnectionEnd, MsgRecvPacket, type PacketV2 } from '../../src/core/messages.ts'
import * as paths from '../../src/core/paths.ts'
import { fromUtf8, toHex, utf8 } from '../../src/encoding/bytes.ts'
import { createLocalChain, createMapStore } from '../../src/local/chain.ts'
import { createTransferApplication } from '../../src/transfer/application.ts'
import { createMemoryBank } from '../../src/transfer/bank.ts'
import { bankDenom, denomPath, escrowAddress, parseDenom } from '../../src/transfer/denom.ts'
import { forwardOf } from '../../src/transfer/memo.ts'
import {
  decodeTransfer,
  ENCODINGS,
  encodeTransfer,
  errorAcknowledgement,
  isSuccess,
  SUCCESS_ACKNOWLEDGEMENT,
} from '../../src/transfer/packet-data.ts'
import { hasVectors, readVector, vectorsPath } from '../vectors-folder.ts'

const json = utf8('{"denom":"uatom","amount":"1000000","sender":"sender","receiver":"receiver","memo":"memo"}')
const data = { denom: 'uatom', amount: 1_000_000n, sender: 'sender', receiver: 'receiver', memo: 'memo' }
const packet = (encoding: string, value: Uint8Array): PacketV2 => ({
  sequence: 1n,
  sourceClient: '07-tendermint-0',
  destinationClient: '07-tendermint-1',
  timeoutTimestamp: 100n,
  payloads: [{ sourcePort: 'transfer', destinationPort: 'transfer', version: 'ics20-1', encoding, value }],
})

describe('the bytes that ibc-go commits to (known answers of cosmos/ibc-go ee35255)', () => {
  it('of v2 packets and acknowledgements', () => {
    expect(toHex(commitPacketV2(packet(ENCODINGS.json, json)))).toBe(
      'a096722aa6534040a0efbdae05765132a7b223ad306d6512f3734821bd046505',
    )
    expect(toHex(commitPacketV2(packet(ENCODINGS.abi, encodeTransfer(data, ENCODINGS.abi))))).toBe(
      'd408dca5088b9b375edb3c4df6bae0e18084fc0dbd90fcd0d028506553c81b25',
    )
    expect(toHex(commitAcknowledgementV2({ appAcknowledgements: [utf8('some bytes')] }))).toBe(
      'f03b4667413e56aaf086663267913e525c442b56fa1af4fa3f3dab9f37044c5b',
    )
    expect(toHex(commitAcknowledgementV2({ appAcknowledgements: [ERROR_ACKNOWLEDGEMENT_V2] }))).toBe(
      'e2fb30dfbf7abdeaca82d426534d2b3a9d5444dd2a87fa16d38b77ba1a13ced7',
    )
  })

  it('of transfers: sorted JSON, escrow accounts, vouchers, acknowledgements', () => {
    expect(new TextDecoder().decode(encodeTransfer(data))).toBe(
      '{"amount":"1000000","denom":"uatom","memo":"memo","receiver":"receiver","sender":"sender"}',
    )
    expect(new TextDecoder().decode(encodeTransfer({ ...data, memo: '' }))).not.toContain('memo')
    expect(new TextDecoder().decode(SUCCESS_ACKNOWLEDGEMENT)).toBe('{"result":"AQ=="}')
    expect(new TextDecoder().decode(errorAcknowledgement(5))).toBe(
      '{"error":"ABCI code: 5: error handling packet: see events for details"}',
    )
    // The ATOM voucher on Osmosis.
    expect(bankDenom(parseDenom('transfer/channel-0/uatom'))).toBe(
      'ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2',
    )
    expect(escrowAddress('transfer', 'channel-0').length).toBe(40)
    for (const path of [
      'uatom',
      'transfer/channel-0/uatom',
      'transfer/channel-0/transfer/channel-1/gamm/pool/1',
      'gamm/pool/1',
    ]) {
      expect(denomPath(parseDenom(path))).toBe(path)
    }
    expect(parseDenom('transfer/07-tendermint-3/erc20/0xab').trace.length).toBe(1)
  })

  it('of messages and states: the same as cosmjs-types, both ways', () => {
    const recv = {
      packet: {
        sequence: 7n,
        sourcePort: 'transfer',
        sourceChannel: 'channel-0',
        destinationPort: 'transfer',
        destinationChannel: 'channel-1',
        data: json,
        timeoutHeight: { revisionNumber: 1n, revisionHeight: 300n },
        timeoutTimestamp: 1_700_000_000_000_000_000n,
      },
      proofCommitment: Uint8Array.of(1, 2, 3),
      proofHeight: { revisionNumber: 0n, revisionHeight: 0n },
      signer: 'relayer',
    }
    expect(toHex(MsgRecvPacket.encode(recv))).toBe(toHex(PeerMsgRecv.encode(PeerMsgRecv.fromPartial(recv)).finish()))
    expect(MsgRecvPacket.decode(PeerMsgRecv.encode(PeerMsgRecv.fromPartial(recv)).finish())).toEqual(recv)
    const channel = {
      state: 3,
      ordering: 1,
      counterparty: { portId: 'transfer', channelId: 'channel-9' },
      connectionHops: ['connection-1'],
      version: 'ics20-1',
    }
    expect(toHex(Channel.encode(channel))).toBe(
      toHex(PeerChannel.encode(PeerChannel.fromPartial(channel as never)).finish()),
    )
    const connection = {
      clientId: '07-tendermint-0',
      versions: [{ identifier: '1', features: ['ORDER_ORDERED'] }],
      state: 3,
      counterparty: { clientId: '07-tendermint-1', connectionId: 'connection-0', prefix: { keyPrefix: utf8('ibc') } },
      delayPeriod: 0n,
    }
    expect(toHex(ConnectionEnd.encode(connection))).toBe(
      toHex(PeerConnection.encode(PeerConnection.fromPartial(connection)).finish()),
    )
    const chain = createLocalChain({ chainId: 'zoshub-1' })
    const height = chain.commit()
    const next = chain.commit()
    const update = chain.update(next, height)
    expect(toHex(PeerHeader.encode(PeerHeader.decode(update.value)).finish())).toBe(toHex(update.value))
    const { clientState } = chain.clientStates()
    expect(PeerClientState.decode(clientState.value).chainId).toBe('zoshub-1')
    expect(PeerClientState.decode(clientState.value).proofSpecs[0]?.innerSpec?.childSize).toBe(33)
  })

  it('of paths', () => {
    expect(new TextDecoder().decode(paths.commitmentPath('transfer', 'channel-0', 5n))).toBe(
      'commitments/ports/transfer/channels/channel-0/sequences/5',
    )
    expect(toHex(paths.commitmentPathV2('07-tendermint-0', 1n))).toBe(
      `${toHex(utf8('07-tendermint-0'))}010000000000000001`,
    )
    for (const bad of ['', 'short', 'has/slash-0', 'x'.repeat(65)])
      expect(() => paths.clientId(bad)).toThrow(expect.objectContaining({ code: 'HUB_INVALID_ARGUMENT' }))
  })
})

describe('transfer data from outside', () => {
  it('goes there and back in each encoding, and anything else is refused', () => {
    for (const encoding of Object.values(ENCODINGS)) {
      const bytes = encodeTransfer({ ...data, memo: '<&>\u2028', amount: 2n ** 256n - 1n }, encoding)
      expect(decodeTransfer(bytes, encoding)).toEqual({ ...data, memo: '<&>\u2028', amount: 2n ** 256n - 1n })
      if (encoding !== ENCODINGS.json)
        expect(() => decodeTransfer(bytes.subarray(0, bytes.length - 1), encoding)).toThrow()
    }
    // As Go writes it, field by field.
    expect(fromUtf8(encodeTransfer({ ...data, memo: '<&>\u2028"' }))).toContain(
      '"memo":"\\u003c\\u0026\\u003e\\u2028\\"","receiver"',
    )
    for (const text of [
      'null',
      '[]',
      '{"amount":1}',
      '{"denom":"a","amount":"-1","sender":"s","receiver":"r"}',
      '{"denom":"a","amount":"1e3","sender":"s","receiver":"r"}',
      '{"denom":"a","amount":"1","sender":"s","receiver":"r","extra":"x"}',
      '{"denom":"a","amount":"1","sender":"s","receiver":"r","__proto__":"x"}',
      '{"denom":"a","amount":"1","sender":"s","receiver":"r","toString":"x"}',
      '{',
    ]) {
      expect(() => decodeTransfer(utf8(text))).toThrow()
    }
    for (const amount of [0n, -1n, 2n ** 256n])
      expect(() => encodeTransfer({ ...data, amount })).toThrow(expect.objectContaining({ code: 'HUB_APPLICATION' }))
    expect(() => encodeTransfer({ ...data, receiver: 'x'.repeat(2049) })).toThrow()
    expect(() => isSuccess(utf8('{"result":"AQ==","error":"x"}'))).toThrow(
      expect.objectContaining({ code: 'HUB_DECODE' }),
    )
    expect(() => forwardOf('{"forward":{"receiver":"r","port":"p","channel":"c","timeout":"abc"}}')).toThrow()
    expect(forwardOf('{"forward":{"receiver":"r","port":"p","channel":"c","timeout":"1m30s"}}')?.timeout).toBe(
      90_000_000_000n,
    )
    expect(forwardOf('just text')).toBeUndefined()
  })
})

const MBT = 'ibc-go/modules/apps/transfer/keeper/model_based_tests'

describe.skipIf(!hasVectors(MBT))(
  'the model-based steps of ibc-go (full set; skipped without the vectors folder)',
  () => {
    const files = hasVectors(MBT) ? readdirSync(vectorsPath(MBT)) : []
    const address = ([port, channel, id]: string[]) =>
      port === '' && channel === '' ? `account:${id}` : escrowAddress(port!, channel!)
    const path = (parts: string[]) => {
      let i = 0
      while (i + 1 < parts.length && parts[i] === '' && parts[i + 1] === '') i += 2
      return parts.slice(i).join('/')
    }
    // ibc-go's Denom of a path that the model builds: pairs of anything before the base.
    it('all end as the model says', () => {
      let steps = 0
      for (const file of files) {
        for (const [index, step] of readVector(`${MBT}/${file}`).entries()) {
          steps++
          const journal = createJournal()
          const bank = createMemoryBank(journal)
          const store = createMapStore()
          const host = createIbcHost({
            store: createMapStore(),
            journal,
            clock: { now: () => 1n, height: () => ({ revisionNumber: 1n, revisionHeight: 1n }) },
            lightClients: [],
          })
          const sent: unknown[] = []
          const app = createTransferApplication({
            host: { ...host, bind: () => {}, bindTransfer: () => {}, sendPacket: () => BigInt(sent.push(1)) },
            store,
            bank,
            now: () => 1n,
          })
          const { packet: p, handler } = step
          const denomOf = (parts: string[]) => {
            const denom = parseDenom(path(parts))
            const name = bankDenom(denom)
            if (denom.trace.length > 0) store.set(utf8(`denoms/${name}`), utf8(denomPath(denom)))
            return name
          }
          const balances = (list: any[]) => {
            const map = new Map<string, bigint>()
            for (const b of list)
              if (path(b.denom) !== '' || address(b.address) !== 'account:')
                map.set(`${address(b.address)}|${denomOf(b.denom)}`, BigInt(b.amount))
            return map
          }
          const before = balances(step.bankBefore)
          const after = balances(step.bankAfter)
          for (const [key, amount] of before) bank.mint(key.split('|')[0]!, key.slice(key.indexOf('|') + 1), amount)
          const transfer = {
            denom: path(p.data.denom),
            amount: BigInt(p.data.amount),
            sender: `account:${p.data.sender}`,
            receiver: `account:${p.data.receiver}`,
            memo: '',
          }
          const full = () => ({
            sequence: 1n,
            sourcePort: p.sourcePort,
            sourceChannel: p.sourceChannel,
            destinationPort: p.destPort,
            destinationChannel: p.destChannel,
            data: encodeTransfer(transfer),
            timeoutHeight: { revisionNumber: 1n, revisionHeight: 100n },
            timeoutTimestamp: 0n,
          })
          const run = () => {
            for (const [port, channel] of [
              [p.sourcePort, p.sourceChannel],
              [p.destPort, p.destChannel],
            ]) {
              paths.portId(port)
              paths.channelId(channel)
            }
            if (handler === 'SendTransfer')
              app.send(
                { port: p.sourcePort, channel: p.sourceChannel },
                { ...transfer, denom: denomOf(p.data.denom) },
                { height: { revisionNumber: 1n, revisionHeight: 100n } },
              )
            else if (handler === 'OnRecvPacket') app.channel.onReceive(full(), 'r')
            else if (handler === 'OnTimeoutPacket') app.channel.onTimeout(full(), 'r')
            else if (handler === 'OnRecvAcknowledgementResult')
              app.channel.onAcknowledge(full(), SUCCESS_ACKNOWLEDGEMENT, 'r')
            else app.channel.onAcknowledge(full(), errorAcknowledgement(1), 'r')
          }
          let failed = false
          try {
            journal.attempt(run)
          } catch {
            failed = true
          }
          const changed = [...new Set([...before.keys(), ...after.keys()])].some(
            (key) => bank.balance(key.split('|')[0]!, key.slice(key.indexOf('|') + 1)) !== (after.get(key) ?? 0n),
          )
          // As ibc-go's own runner: a step passes when it neither fails nor changes anything else than the model says.
          expect(failed || changed, `${file} step ${index} ${handler}`).toBe(step.error)
        }
      }
      expect(steps).toBe(26)
    })
  },
)
