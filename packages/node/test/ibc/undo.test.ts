import { bytesToHex } from '@ethereumjs/util'
import { type ConnectableEndpoint, connectV2 } from '@zos/hub-ibc/relayer'
import { afterAll, expect, test } from 'vitest'
import { createDevnet, type InProcessDevnet } from '../../src/devnet/in-process.ts'
import { privateKeyHex } from '../../src/genesis/accounts.ts'
import { IBC_GATEWAY_ADDRESS } from '../../src/ibc/addresses.ts'
import { createEndpoint } from '../../src/ibc/endpoint.ts'
import { gatewayInterface } from './evm-chain.ts'

let devnet: InProcessDevnet | undefined
afterAll(() => devnet?.stop())

const key = (client: string) => bytesToHex(new TextEncoder().encode(`clients/${client}/clientState`))

test('evm_revert takes IBC back with the balances: clients, books, escrow and what is proved', async () => {
  devnet = await createDevnet({ ibc: 'zone-1', port: 0, roundIntervalMs: 50 })
  const call = (method: string, ...params: unknown[]) => devnet!.request({ method, params })
  const endpoint: ConnectableEndpoint = await createEndpoint({
    url: devnet.rpcUrl!,
    privateKey: privateKeyHex(devnet.accounts[1]!),
  })
  // A network that is its own counterparty: two clients of itself.
  const { clientA } = await connectV2(endpoint, endpoint, 'anyone')
  const from = devnet.accounts[0]!.address
  const send = async () => {
    const { timestamp } = await call('eth_getBlockByNumber', 'latest', false)
    const data = gatewayInterface.encodeFunctionData('sendCoin', [clientA, from, BigInt(timestamp) + 600n, ''])
    const hash = await call('eth_sendTransaction', { from, to: IBC_GATEWAY_ADDRESS, value: '0x64', data })
    for (;;) {
      const receipt = await call('eth_getTransactionReceipt', hash)
      if (receipt) return receipt.status
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const books = async () => ({
    ...(await call('zos_ibcHoldings', 'transfer', clientA, 'azos')),
    gateway: BigInt(await call('eth_getBalance', IBC_GATEWAY_ADDRESS, 'latest')),
  })
  expect(await send()).toBe('0x1')
  const before = await books()
  expect(before).toMatchObject({ inFlight: '100', escrow: '100', gateway: 100n })

  const snapshot = await call('evm_snapshot')
  expect(await send()).toBe('0x1')
  const third = await endpoint.submit([
    { typeUrl: '/ibc.core.client.v1.MsgCreateClient', ...(await endpoint.clientStates()), signer: 'anyone' },
  ])
  expect(third).toMatchObject([{ status: 'done', result: '07-tendermint-2' }])
  expect(await books()).toMatchObject({ inFlight: '200', gateway: 200n })

  expect(await call('evm_revert', snapshot)).toBe(true)
  expect(await books()).toEqual(before)
  expect(await call('zos_ibcGet', key('07-tendermint-2'))).toBeNull()
  expect(await call('zos_ibcGet', key('07-tendermint-1'))).not.toBeNull()
  // State and trees fit together again: the same identifier is given out once more, and the next packet goes.
  expect(
    await endpoint.submit([
      { typeUrl: '/ibc.core.client.v1.MsgCreateClient', ...(await endpoint.clientStates()), signer: 'anyone' },
    ]),
  ).toMatchObject([{ status: 'done', result: '07-tendermint-2' }])
  expect(await send()).toBe('0x1')
  expect(await books()).toMatchObject({ inFlight: '200', escrow: '200', gateway: 200n })
}, 120_000)
