import { expect, it } from 'vitest'
import { bisect } from '../src/clients/tendermint/bisection.ts'
import { utf8 } from '../src/encoding/bytes.ts'
import { HubError, isHubError } from '../src/errors.ts'
import { createLedger } from '../src/hub/ledger.ts'
import { createLocalChain, createMapStore } from '../src/local/chain.ts'
import { localEndpoint } from '../src/local/endpoint.ts'
import { packetOf } from '../src/relayer/packet-events.ts'

it('the predicate narrows by code, and works across copies of the package', () => {
  const error = new HubError('HUB_PROOF', 'no', { key: 1 })
  expect([
    isHubError(error),
    isHubError(error, 'HUB_PROOF'),
    isHubError(error, 'HUB_STATE'),
    isHubError(new Error('x')),
    isHubError(null),
  ]).toEqual([true, true, false, false, false])
  const foreign = Object.assign(new Error('no'), { name: 'HubError', code: 'HUB_PROOF', context: {} })
  expect(isHubError(foreign, 'HUB_PROOF')).toBe(true)
})

it('books that do not balance release nothing', () => {
  const store = createMapStore()
  const ledger = createLedger(store)
  const route = { port: 'transfer', channel: 'channel-0' }
  ledger.depart(route, 'uzos', 5n)
  store.set(utf8('total/escrow/uzos'), utf8('99'))
  expect(() => ledger.returned(route, 'uzos', 1n)).toThrow(expect.objectContaining({ code: 'HUB_INVARIANT' }))
  expect(ledger.inFlight(route, 'uzos')).toBe(5n)
})

it('no entry of the books goes below zero', () => {
  const ledger = createLedger(createMapStore())
  ledger.issue('transfer/channel-0/ugold', 5n)
  expect(() => ledger.issue('transfer/channel-0/ugold', -6n)).toThrow(
    expect.objectContaining({ code: 'HUB_INSUFFICIENT' }),
  )
  expect(ledger.backing('transfer/channel-0/ugold')).toBe(5n)
})

it('long work stops when it is told to', async () => {
  const signal = AbortSignal.abort()
  const source = { lightBlock: () => Promise.reject(new Error('never asked')) }
  const trusted = { height: 1n, time: 1n, nextValidatorsHash: new Uint8Array(32), nextValidators: [] }
  const options = {
    chainId: 'c',
    trustingPeriod: 1n,
    maxClockDrift: 1n,
    trustLevel: { numerator: 1n, denominator: 3n },
    now: 1n,
    signal,
  }
  await expect(bisect(trusted, 5n, source, options)).rejects.toMatchObject({
    code: 'HUB_ABORTED',
    cause: signal.reason,
  })
  await expect(localEndpoint(createLocalChain({ chainId: 'a-1' })).submit([], signal)).rejects.toMatchObject({
    code: 'HUB_ABORTED',
  })
})

it('an event that lacks an attribute is named', () => {
  expect(() => packetOf({ type: 'send_packet', attributes: { packet_timeout_height: '0-0' } })).toThrow(
    expect.objectContaining({ code: 'HUB_RELAY' }),
  )
  expect(packetOf({ type: 'transfer', attributes: {} })).toBeUndefined()
})

it('packets are read from events of before and after ibc-go v10', () => {
  const common = {
    packet_timeout_height: '1-20',
    packet_timeout_timestamp: '0',
    packet_sequence: '3',
    packet_src_port: 'transfer',
    packet_src_channel: 'channel-0',
    packet_dst_port: 'transfer',
    packet_dst_channel: 'channel-1',
  }
  const before = packetOf({ type: 'send_packet', attributes: { ...common, packet_data: '{}' } })
  const after = packetOf({ type: 'send_packet', attributes: { ...common, packet_data_hex: '7b7d' } })
  expect(before).toEqual(after)
})
