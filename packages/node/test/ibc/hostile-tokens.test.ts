/** ERC-20s that misbehave, in the gateway of a hub: each harms nobody but those who hold it, and the books balance throughout. */
import { bytesToHex } from '@ethereumjs/util'
import { connectV2, createMemoryCursors, createRelayer } from '@zos/hub-ibc/relayer'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { IBC_GATEWAY_ADDRESS } from '../../src/ibc/addresses.ts'
import type { AddressHex } from '../../src/state/account.ts'
import { type Compiled, compile } from '../native/compile.ts'
import { createEvmChain, type EvmChain, gatewayInterface, gatewayLog, RELAYER, tokenInterface } from './evm-chain.ts'

const ALICE: AddressHex = `0x${'a1'.repeat(20)}`
const BOB: AddressHex = `0x${'b0'.repeat(20)}`
const MAX_UINT = 2n ** 256n - 1n
const Way = {
  Honest: 0,
  Fee: 1,
  ReturnsFalse: 2,
  ReturnsNothing: 3,
  Reverts: 4,
  HugeReturn: 5,
  ReturnsGarbage: 6,
  BurnsGas: 7,
  Reenters: 8,
  LiesAboutTaking: 9,
  LosesOnTaking: 10,
  Fiction: 11,
} as const

let contract: Compiled
beforeAll(() => {
  contract = compile('HostileToken.sol', 'HostileToken', new URL('./contracts/', import.meta.url))
}, 60_000)

let hub: EvmChain
let zone: EvmChain
let hubClient: string
let zoneClient: string
let relay: () => Promise<void>
/** The token under test, and an honest one whose books must never move. */
let token: AddressHex
let other: AddressHex

const call = (name: string, ...args: unknown[]) => contract.abi.encodeFunctionData(name, args)
const say = (name: string, ...args: unknown[]) => hub.send({ from: ALICE, to: token, data: call(name, ...args) })
const deploy = async () => (await hub.send({ from: ALICE, data: contract.bytecode })).contractAddress as AddressHex
const sendData = (chain: EvmChain, of: AddressHex, client: string, receiver: string, amount: bigint) =>
  gatewayInterface.encodeFunctionData('sendToken', [of, amount, client, receiver, chain.seconds() + 600n, ''])
const approve = (chain: EvmChain, of: AddressHex, from: AddressHex) =>
  chain.send({ from, to: of, data: tokenInterface.encodeFunctionData('approve', [IBC_GATEWAY_ADDRESS, MAX_UINT]) })
const trySend = async (amount: bigint, of = token) =>
  (
    await hub.block([
      {
        from: ALICE,
        to: IBC_GATEWAY_ADDRESS,
        data: sendData(hub, of, hubClient, BOB, amount),
        gasLimit: 5_000_000n,
      },
    ])
  )[0]!

function books(of: AddressHex) {
  return hub.ibc.callMachine.read(hub.state, { number: 1, time: 1n }, ({ hub: { ledger } }) => {
    const route = { port: 'transfer', channel: hubClient }
    const [holdings, inFlight] = [ledger.holdings(route, `erc20/${of}`), ledger.inFlight(route, `erc20/${of}`)]
    const escrow = ledger.escrow(`erc20/${of}`)
    expect(escrow).toBe(holdings + inFlight)
    return { holdings, inFlight, escrow }
  })
}

const claimOf = async (of: AddressHex, account: AddressHex) => {
  const data = gatewayInterface.encodeFunctionData('claims', [of, account])
  return BigInt(bytesToHex((await hub.call({ from: BOB, to: IBC_GATEWAY_ADDRESS, data })).returned))
}

/** What is out, or owed, never exceeds what the gateway has. */
async function expectCovered(of: AddressHex) {
  const [balance, owed] = [await hub.balanceOf(of, IBC_GATEWAY_ADDRESS), await claimOf(of, BOB)]
  expect(balance).toBeGreaterThanOrEqual(books(of).escrow + owed)
}

async function zoneToken(): Promise<AddressHex> {
  const name = zone.ibc.callMachine.read(zone.state, { number: 1, time: 1n }, ({ hub: { assets } }) =>
    assets.nameOf({ zone: assets.zoneAt([{ port: 'transfer', channel: zoneClient }]), base: `erc20/${token}` }),
  )
  return name.slice('erc20/'.length) as AddressHex
}

async function sendHome(amount: bigint) {
  const there = await zoneToken()
  await approve(zone, there, BOB)
  const data = sendData(zone, there, zoneClient, BOB, amount)
  await zone.send({ from: BOB, to: IBC_GATEWAY_ADDRESS, data })
  await relay()
}

beforeEach(async () => {
  hub = await createEvmChain('zoshub-1', { [ALICE]: 1_000n })
  zone = await createEvmChain('zone-1', {})
  ;({ clientA: hubClient, clientB: zoneClient } = await connectV2(hub.endpoint, zone.endpoint, RELAYER))
  const relayer = createRelayer({
    a: { endpoint: hub.endpoint, clientId: hubClient },
    b: { endpoint: zone.endpoint, clientId: zoneClient },
    cursors: createMemoryCursors(),
    signer: RELAYER,
    onRejected: (chain, { typeUrl }, reason) => {
      throw new Error(`${chain} refused ${typeUrl}: ${reason}`)
    },
  })
  relay = async () => {
    // The chains' clocks run with their blocks; headers from the future are refused.
    if (hub.seconds() > zone.seconds()) zone.wait(Number(hub.seconds() - zone.seconds()))
    else hub.wait(Number(zone.seconds() - hub.seconds()))
    while (await relayer.step());
  }
  other = await deploy()
  token = await deploy()
  for (const of of [other, token]) await approve(hub, of, ALICE)
  expect((await trySend(500n, other)).succeeded).toBe(true)
}, 60_000)

describe('taking a token', () => {
  test('what arrived counts where the token keeps a fee, there and back', async () => {
    await say('be', Way.Fee)
    expect((await trySend(1_000n)).succeeded).toBe(true)
    await relay()
    expect(books(token)).toMatchObject({ holdings: 900n, inFlight: 0n })
    expect(await zone.balanceOf(await zoneToken(), BOB)).toBe(900n)
    await sendHome(900n)
    expect(await hub.balanceOf(token, BOB)).toBe(810n)
    expect(books(token).escrow).toBe(0n)
    await expectCovered(other)
  })

  test('a token that answers nothing, or a megabyte, is taken; one that answers false or something else is not', async () => {
    for (const [way, taken] of [
      [Way.ReturnsNothing, true],
      [Way.HugeReturn, true],
      [Way.ReturnsFalse, false],
      [Way.ReturnsGarbage, false],
      [Way.Reverts, false],
      [Way.BurnsGas, false],
    ] as const) {
      await say('be', way)
      const before = books(token).escrow
      const { succeeded } = await trySend(10n)
      expect(succeeded, `way ${way}`).toBe(taken)
      expect(books(token).escrow - before).toBe(taken ? 10n : 0n)
    }
    await expectCovered(token)
  })

  test('a token that only says that it moved, or takes away what the gateway has, is not taken', async () => {
    expect((await trySend(100n)).succeeded).toBe(true)
    for (const way of [Way.LiesAboutTaking, Way.LosesOnTaking]) {
      await say('be', way)
      expect((await trySend(10n)).succeeded, `way ${way}`).toBe(false)
      expect(books(token).escrow).toBe(100n)
    }
    await expectCovered(token)
  })

  test('nothing calls back into the gateway, whatever it calls', async () => {
    const second = sendData(hub, other, hubClient, BOB, 1n)
    const calls = [
      second,
      sendData(hub, token, hubClient, BOB, 1n),
      gatewayInterface.encodeFunctionData('submit', [[]]),
      gatewayInterface.encodeFunctionData('claim', [other, BOB]),
      gatewayInterface.encodeFunctionData('sendCoin', [hubClient, BOB, hub.seconds() + 600n, '']),
    ]
    await say('be', Way.Reenters)
    for (const data of calls) {
      await say('callBack', IBC_GATEWAY_ADDRESS, data)
      expect((await trySend(10n)).succeeded).toBe(true)
    }
    expect(BigInt(bytesToHex((await hub.call({ from: BOB, to: token, data: call('reentries') })).returned))).toBe(0n)
    expect(books(token).escrow).toBe(50n)
    expect(books(other).escrow).toBe(500n)

    // On its way out too: the packet and its payment stand, the call back fails.
    await relay()
    await sendHome(20n)
    expect(await hub.balanceOf(token, BOB)).toBe(20n)
    expect(BigInt(bytesToHex((await hub.call({ from: BOB, to: token, data: call('reentries') })).returned))).toBe(0n)
    await expectCovered(token)
    await expectCovered(other)
  })
})

describe('paying a token out', () => {
  test('what the token refuses to move waits for a claim, and the packet is done', async () => {
    expect((await trySend(100n)).succeeded).toBe(true)
    await relay()
    for (const [i, way] of [Way.Reverts, Way.ReturnsFalse, Way.ReturnsGarbage, Way.BurnsGas].entries()) {
      await say('be', way)
      await sendHome(10n)
      expect(await claimOf(token, BOB)).toBe(10n * BigInt(i + 1))
      await expectCovered(token)
    }
    expect(books(token)).toEqual({ holdings: 60n, inFlight: 0n, escrow: 60n })
    const claim = {
      from: ALICE,
      to: IBC_GATEWAY_ADDRESS,
      data: gatewayInterface.encodeFunctionData('claim', [token, BOB]),
    }
    await say('be', Way.ReturnsFalse)
    expect((await hub.block([claim]))[0]!.succeeded).toBe(false)
    await say('be', Way.HugeReturn)
    expect((await hub.block([claim]))[0]!.succeeded).toBe(true)
    expect(await hub.balanceOf(token, BOB)).toBe(40n)
    expect((await hub.block([claim]))[0]!.succeeded).toBe(false)
    await expectCovered(token)
  })

  test('what a rebasing token has lost is missing to the last of its own holders, and to nobody else', async () => {
    expect((await trySend(100n)).succeeded).toBe(true)
    await relay()
    await say('rebase', 500)
    await sendHome(50n)
    expect(await hub.balanceOf(token, BOB)).toBe(50n)
    await sendHome(50n)
    expect(await claimOf(token, BOB)).toBe(50n)
    expect(books(token).escrow).toBe(0n)
    await expectCovered(other)
    // What it gains belongs to nobody: the books count what came in.
    await say('rebase', 4_000)
    expect((await trySend(8n)).succeeded).toBe(true)
    expect(books(token).escrow).toBe(8n)
  })
})

describe('a token whose balances are fiction', () => {
  const conjure = async (amount: bigint) => {
    await say('be', Way.Fiction)
    await say('say', IBC_GATEWAY_ADDRESS, 0)
    expect((await trySend(amount)).succeeded).toBe(true)
    await relay()
  }

  test('has no more of it abroad than a token contract can count; what is too much comes back', async () => {
    await conjure(MAX_UINT)
    expect(await zone.balanceOf(await zoneToken(), BOB)).toBe(MAX_UINT)
    await conjure(1n)
    expect(books(token)).toEqual({ holdings: MAX_UINT, inFlight: 0n, escrow: MAX_UINT })
    expect(await hub.balanceOf(token, ALICE)).toBe(1n)
  })

  test('has no claim that is too large to be counted', async () => {
    for (let round = 0; round < 2; round++) {
      await conjure(MAX_UINT)
      await say('be', Way.Reverts)
      await sendHome(MAX_UINT)
      expect(await claimOf(token, BOB)).toBe(MAX_UINT)
      expect(books(token).escrow).toBe(0n)
    }
  })
})

describe('what a token says of itself', () => {
  async function shown() {
    expect((await trySend(10n)).succeeded).toBe(true)
    await relay()
    const there = await zoneToken()
    const ask = async (name: string) => {
      const { returned } = await zone.call({ from: BOB, to: there, data: tokenInterface.encodeFunctionData(name, []) })
      return tokenInterface.decodeFunctionResult(name, returned)[0]
    }
    return { name: await ask('name'), symbol: await ask('symbol'), decimals: await ask('decimals') }
  }
  const hex = (text: string) => `0x${Buffer.from(text).toString('hex')}`

  test.each([
    ['a name in 32 bytes', 1, hex('Maker\0\0'), 'Maker'],
    ['control, direction and quote marks', 0, hex('A\u0000\u0007\u202eB"\\<script>'), 'ABscript'],
    ['bytes that are no text', 0, '0xfffe41c0', 'A'],
    ['no name at all', 6, '0x', undefined],
    ['a name that reverts', 2, '0x41', undefined],
    ['a megabyte', 3, '0x41', undefined],
    ['a name that burns all gas', 5, '0x41', undefined],
    ['a name that claims to be longer than it is', 4, hex('Short'), 'Short'],
    ['a kilobyte', 0, hex('N'.repeat(1_000)), 'N'.repeat(64)],
  ])('%s', async (_, way, bytes, expected) => {
    await say('setName', way, bytes)
    // The name is the end of the denomination where the token has none.
    expect((await shown()).name).toBe(expected ?? token)
  })

  test('decimals that no byte holds are none, and those that change later change nothing', async () => {
    await say('setDecimals', 300)
    expect((await shown()).decimals).toBe(0n)
    await say('setDecimals', 18)
    expect((await shown()).decimals).toBe(0n)
  })

  test('with too little gas to hear the name, nothing is sent', async () => {
    const data = sendData(hub, token, hubClient, BOB, 10n)
    const full = await hub.call({ from: ALICE, to: IBC_GATEWAY_ADDRESS, data })
    expect(full.succeeded).toBe(true)
    let sent = 0
    for (let gasLimit = 100_000n; gasLimit < full.gasUsed * 2n; gasLimit += 20_000n) {
      const outcome = await hub.call({ from: ALICE, to: IBC_GATEWAY_ADDRESS, data, gasLimit })
      if (!outcome.succeeded) continue
      sent++
      const sentPacket = outcome.logs.map((log) => Buffer.from(log.data).toString('latin1')).join()
      expect(sentPacket).toContain(Buffer.from('Hostile').toString('hex'))
    }
    expect(sent).toBeGreaterThan(0)
    expect(gatewayLog(full, 'Sent')?.amount).toBe(10n)
  })
})
