/**
 * A relayer's view of a ZOS network: everything is asked by JSON-RPC, messages go as transactions to the gateway. `zos-relay` loads this module by the
 * name `@zos/node/ibc`.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { createFeeMarket1559Tx } from '@ethereumjs/tx'
import { bytesToHex, hexToBytes, type PrefixedHexString, privateToAddress } from '@ethereumjs/util'
import { Any, type CancelSignal, HubError, type IbcMessage, isHubError } from '@zos/hub-ibc'
import type { ChainEvent, ConnectableEndpoint } from '@zos/hub-ibc/relayer'
import { IBC_GATEWAY_ADDRESS } from './addresses.ts'
import { decodeIbcEvent, deliveriesOf, encodeSubmit, type GatewayLog, IBC_EVENT_TOPIC } from './gateway-logs.ts'
import { encodeMessage } from './ibc-host.ts'
import { createRpcClient } from './rpc-client.ts'

/** How {@link createEndpoint} reaches a ZOS network, and who pays there. */
export interface ZosEndpointOptions {
  /** JSON-RPC of a node of the network. */
  url: string
  /** Secp256k1 key, 32 bytes, of the account that pays for the messages, and that they name as signer. */
  privateKey: PrefixedHexString
}

interface IbcStatus {
  chainId: string
  revision: number
  height: number
  time: string
}

interface Receipt {
  status: PrefixedHexString
  blockNumber: PrefixedHexString
  logs: GatewayLog[]
}

const POLL_MS = 50
/** A transaction that is in no block by then was lost; the relayer starts its round anew. */
const PATIENCE_MS = 60_000
/** A batch's cost depends on the state it meets. */
const GAS_MARGIN = 1.25
/** Data of one transaction: nodes take transactions of up to 128 KiB. */
const MAX_DATA_BYTES = 126_976
/** What one transaction may use at most (EIP-7825). */
const MAX_GAS = 16_777_216
/** Blocks of one log query; the node's own limit is 10,000. */
const EVENT_WINDOW = 5_000n

/** Opens the endpoint. Rejects with `HUB_RELAY` when the node does not answer or speaks no IBC. */
export async function createEndpoint({ url, privateKey }: ZosEndpointOptions): Promise<ConnectableEndpoint> {
  const rpc = createRpcClient(url)
  const status = (signal?: CancelSignal) => rpc<IbcStatus>('zos_ibcStatus', [], signal)
  const { chainId, revision } = await status()
  const evmChainId = Number(await rpc<string>('eth_chainId', []))
  const common = createCustomCommon({ chainId: evmChainId }, Mainnet, { hardfork: Hardfork.Osaka })
  const secret = hexToBytes(privateKey)
  const account = bytesToHex(privateToAddress(secret))
  const height = (revisionHeight: bigint | number) => ({
    revisionNumber: BigInt(revision),
    revisionHeight: BigInt(revisionHeight),
  })

  /** Asks again until there is an answer. */
  async function eventually<T>(
    what: string,
    ask: () => Promise<T | undefined | null>,
    signal?: CancelSignal,
  ): Promise<T> {
    for (let waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
      const answer = await ask()
      if (answer !== undefined && answer !== null) return answer
      if (signal?.aborted)
        throw new HubError('HUB_ABORTED', `waiting for ${what} was aborted`, {}, { cause: signal.reason })
      await sleep(POLL_MS)
    }
    throw new HubError('HUB_RELAY', `${chainId}: no ${what} within ${PATIENCE_MS / 1000} s`, { url })
  }

  async function latest(signal?: CancelSignal) {
    const { height: newest, time } = await eventually(
      'signed block',
      async () => {
        const current = await status(signal)
        return current.height > 0 ? current : undefined
      },
      signal,
    )
    return { height: height(newest), time: BigInt(time) }
  }

  async function send(data: PrefixedHexString, signal?: CancelSignal): Promise<Receipt> {
    const call = { from: account, to: IBC_GATEWAY_ADDRESS, data }
    const bytes = (data.length - 2) / 2
    if (bytes > MAX_DATA_BYTES)
      throw new HubError('HUB_SUBMISSION', `${chainId}: ${bytes} bytes of messages are too much for one transaction`, {
        bytes,
      })
    const [nonce, gas, price] = await Promise.all([
      rpc<PrefixedHexString>('eth_getTransactionCount', [account, 'pending'], signal),
      rpc<PrefixedHexString>('eth_estimateGas', [call], signal).catch((cause: unknown) => {
        if (!isHubError(cause, 'HUB_RELAY') || cause.context.refused !== true) throw cause
        throw new HubError('HUB_SUBMISSION', `${chainId}: ${cause.message}`, cause.context, { cause })
      }),
      rpc<PrefixedHexString>('eth_gasPrice', [], signal),
    ])
    const tx = createFeeMarket1559Tx(
      {
        chainId: evmChainId,
        nonce: BigInt(nonce),
        to: IBC_GATEWAY_ADDRESS,
        data,
        gasLimit: Math.min(MAX_GAS, Math.ceil(Number(gas) * GAS_MARGIN)),
        maxFeePerGas: 2n * BigInt(price),
        maxPriorityFeePerGas: BigInt(price) / 10n,
      },
      { common },
    ).sign(secret)
    const hash = bytesToHex(tx.hash())
    await rpc('eth_sendRawTransaction', [bytesToHex(tx.serialize())], signal).catch((error: Error) => {
      // A request that was tried twice may have arrived twice.
      if (!error.message.endsWith('already known')) throw error
    })
    return eventually('receipt', () => rpc<Receipt | null>('eth_getTransactionReceipt', [hash], signal), signal)
  }

  return {
    chainId,
    latest,
    async events(from, to, signal) {
      const events: ChainEvent[] = []
      for (let start = from; start <= to; start += EVENT_WINDOW) {
        const end = start + EVENT_WINDOW - 1n < to ? start + EVENT_WINDOW - 1n : to
        const logs = await rpc<GatewayLog[]>(
          'eth_getLogs',
          [
            {
              address: IBC_GATEWAY_ADDRESS,
              topics: [IBC_EVENT_TOPIC],
              fromBlock: `0x${start.toString(16)}`,
              toBlock: `0x${end.toString(16)}`,
            },
          ],
          signal,
        )
        for (const log of logs) events.push({ ...decodeIbcEvent(log), height: BigInt(log.blockNumber) })
      }
      return events
    },
    has: async (key, signal) => (await rpc<string | null>('zos_ibcGet', [bytesToHex(key)], signal)) !== null,
    prove: async (key, { revisionHeight }, signal) =>
      hexToBytes(await rpc<PrefixedHexString>('zos_ibcProof', [bytesToHex(key), Number(revisionHeight)], signal)),
    async updates(target, trusted, signal) {
      if (trusted.revisionHeight >= target.revisionHeight) return []
      const params = [Number(target.revisionHeight), Number(trusted.revisionHeight)]
      const updates = await eventually(
        'signed header',
        () => rpc<PrefixedHexString[] | null>('zos_ibcUpdates', params, signal),
        signal,
      )
      return updates.map((update) => Any.decode(hexToBytes(update)))
    },
    async clientHeight(clientId, signal) {
      const client = await rpc<{ revision: number; height: number }>('zos_ibcClient', [clientId], signal)
      return { revisionNumber: BigInt(client.revision), revisionHeight: BigInt(client.height) }
    },
    async submit(messages: readonly IbcMessage[], signal) {
      const receipt = await send(encodeSubmit(messages.map(encodeMessage)), signal)
      if (BigInt(receipt.status) !== 1n)
        throw new HubError(
          'HUB_SUBMISSION',
          `${chainId}: the transaction with ${messages.length} messages was reverted`,
          {
            url,
          },
        )
      // What follows may want to prove what these messages did.
      const block = Number(receipt.blockNumber)
      await eventually('signed block', async () => ((await status(signal)).height >= block ? true : undefined), signal)
      return deliveriesOf(receipt.logs)
    },
    async clientStates(signal) {
      type States = { clientState: PrefixedHexString; consensusState: PrefixedHexString }
      // A network that has just begun has signed no header yet.
      const states = await eventually(
        'signed header',
        () => rpc<States | null>('zos_ibcClientStates', [], signal),
        signal,
      )
      return {
        clientState: Any.decode(hexToBytes(states.clientState)),
        consensusState: Any.decode(hexToBytes(states.consensusState)),
      }
    },
  }
}
