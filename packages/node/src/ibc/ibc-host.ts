/**
 * The chain's IBC host as a native contract: @zos/hub-ibc's state machines over records in the contract's storage. It decides; the gateway
 * contract, its only caller, moves the tokens.
 */
import { bytesToHex, hexToBytes, utf8ToBytes } from '@ethereumjs/util'
import {
  Any,
  createAssetRegistry,
  createAttestationsClient,
  createCheckpointClient,
  createHub,
  createIbcHost,
  createJournal,
  createSolomachineClient,
  createTendermintClient,
  createTransferApplication,
  type Delivery,
  type Hub,
  HubError,
  type IbcEvent,
  type IbcHost,
  type IbcMessage,
  isHubError,
  journaled,
  type KvStore,
  MESSAGES,
  type TransferApplication,
  withAsset,
} from '@zos/hub-ibc'
import { keccak256 } from '@zos/pipeline/hash'
import { encodeAbi } from '@zos/zpos'
import { SIGNATURE_GAS } from '../native/gas-meter.ts'
import { type NativeBlock, type NativeCall, type NativeContract, NativeRevert } from '../native/native-contract.ts'
import { type NativeStorage, readOnlyStorage } from '../native/native-storage.ts'
import { encodeError } from '../native/revert-data.ts'
import type { AddressHex } from '../state/account.ts'
import type { StateReader } from '../state/overlay.ts'
import { IBC_GATEWAY_ADDRESS, IBC_HOST_ADDRESS } from './addresses.ts'
import { BRIDGED_TOKEN_CREATION_CODE } from './bytecode.ts'
import {
  decodeHostCall,
  encodeDeployment,
  encodeOutcome,
  type GatewayTransfer,
  type HostOutcome,
} from './gateway-abi.ts'
import { createGatewayBank, denomOfToken, type GatewayBank } from './gateway-bank.ts'
import { decodeGovernance, type GovernanceCall, govern, governorOf } from './governance.ts'
import { HostRecords, type StoreName } from './host-records.ts'
import { decodeRegistration } from './vote-key-call.ts'
import { registerVoteKey } from './vote-keys.ts'

/** Decoding, hashing and proof checks of one message; storage is paid for apart. */
const MESSAGE_GAS = 30_000n
const MESSAGE_BYTE_GAS = 20n
/** An update carries one signature to check for some 300 bytes of its validators, at 30,000 gas each. */
const UPDATE_BYTE_GAS = 100n
/** Messages that take tokens come through the gateway's own functions, which take them. */
const TAKES_TOKENS = ['/ibc.applications.transfer.v1.MsgTransfer', '/ibc.core.channel.v2.MsgSendPacket']
const UPDATES = ['/ibc.core.client.v1.MsgUpdateClient', '/ibc.core.client.v1.MsgCreateClient']
const GOVERNED_TOPIC = bytesToHex(keccak256(utf8ToBytes('Governed(string,string)')))
const NANOSECONDS = 1_000_000_000n
const TRANSFER_PORT = 'transfer'

export interface HostBlock {
  readonly number: number
  /** Nanoseconds since 1970; rises with every block. */
  readonly time: bigint
}

export interface ReadableHost {
  readonly host: IbcHost
  readonly hub: Hub
  readonly governor: AddressHex | undefined
}

export class IbcMachine {
  readonly native: NativeContract
  readonly #chainId: string
  readonly #governor: AddressHex | undefined
  readonly #books: KvStore
  readonly #records = new HostRecords()
  readonly #host: IbcHost
  readonly #hub: Hub
  readonly #transfer: TransferApplication
  readonly #bank: GatewayBank
  #entered: HostBlock | undefined
  #block: HostBlock = { number: 0, time: 0n }
  #touched = new Map<string, { store: StoreName; key: Uint8Array }>()
  /** The running call pays. */
  #charge: (gas: bigint) => void = () => {}

  /** `governor`: the genesis names it; see governance.ts. */
  constructor(chainId: string, governor?: AddressHex) {
    this.#chainId = chainId
    this.#governor = governor
    const revisionNumber = BigInt(chainId.slice(chainId.lastIndexOf('-') + 1))
    const journal = createJournal()
    const now = () => this.#block.time
    // A proof may have hundreds of signatures, which cost more than their bytes.
    const onSignature = () => this.#charge(SIGNATURE_GAS)
    this.#host = createIbcHost({
      store: this.#records.ibc,
      journal,
      clock: { now, height: () => ({ revisionNumber, revisionHeight: BigInt(this.#block.number) }) },
      lightClients: [
        createTendermintClient(),
        createSolomachineClient(),
        createAttestationsClient({ onSignature }),
        createCheckpointClient({ onSignature }),
      ],
    })
    const books = journaled(this.#records.zones, journal)
    this.#books = books
    const bank = createGatewayBank(books, journal)
    this.#bank = bank
    const assets = createAssetRegistry(books, {
      factory: hexToBytes(IBC_GATEWAY_ADDRESS),
      codeHash: keccak256(hexToBytes(BRIDGED_TOKEN_CREATION_CODE)),
      deploy: (address, salt, { name, symbol, decimals }) =>
        bank.act({
          kind: 'deploy',
          token: address as AddressHex,
          account: IBC_GATEWAY_ADDRESS,
          amount: 0n,
          data: encodeDeployment(salt, name, symbol, decimals),
        }),
    })
    this.#hub = createHub({ store: books, bank, assets, now })
    this.#transfer = createTransferApplication({
      host: this.#host,
      store: books,
      bank,
      now,
      policy: this.#hub.policy,
      port: TRANSFER_PORT,
    })
    this.native = { address: IBC_HOST_ADDRESS, name: 'the IBC host', call: (call) => this.#call(call) }
  }

  /** The block that is executed next, with its exact time; calls outside of it go by the seconds they are told. */
  enter(block: HostBlock): void {
    this.#entered = block
    this.#touched = new Map()
  }

  /** The keys that the block's calls wrote, also those of calls that were reverted later, in byte order. */
  touched(): { store: StoreName; key: Uint8Array }[] {
    return [...this.#touched].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
  }

  /** Runs `look` on the host over the state after `block`. */
  read<T>(state: StateReader, block: HostBlock, look: (readable: ReadableHost) => T): T {
    this.#block = block
    return this.#over(readOnlyStorage(state, IBC_HOST_ADDRESS), () =>
      look({ host: this.#host, hub: this.#hub, governor: governorOf(this.#books, this.#governor) }),
    )
  }

  #over<T>(storage: NativeStorage, work: () => T): T {
    this.#records.open(storage)
    try {
      return work()
    } finally {
      this.#records.close()
    }
  }

  #call({ sender, value, data, isStatic, block, gas, storage, log }: NativeCall): Uint8Array {
    const registration = value > 0n ? undefined : decodeRegistration(data)
    if (registration) {
      gas.charge(2n * SIGNATURE_GAS)
      const reason = registerVoteKey(storage, this.#chainId, registration)
      if (reason !== undefined) throw new NativeRevert(encodeError(reason))
      return new Uint8Array()
    }
    this.#setBlock(block)
    const governance = value > 0n || isStatic ? undefined : decodeGovernance(data)
    if (governance) {
      gas.charge(MESSAGE_GAS)
      this.#govern(governance, sender, storage)
      log([GOVERNED_TOPIC], encodeAbi(['string', 'string'], [governance.name, String(governance.values[0])]))
      return new Uint8Array()
    }
    if (sender !== IBC_GATEWAY_ADDRESS) throw new NativeRevert(encodeError('only the gateway calls the IBC host'))
    const call = isStatic || value > 0n ? undefined : decodeHostCall(data)
    if (!call) throw new NativeRevert(encodeError('the IBC host does not know this call'))
    gas.charge(MESSAGE_GAS)
    this.#charge = (amount) => gas.charge(amount)
    return this.#over(storage, () => {
      const outcome = call.kind === 'send' ? this.#send(call.transfer) : this.#deliver(call.message, call.signer)
      this.#flush()
      return encodeOutcome(outcome)
    })
  }

  #setBlock(block: NativeBlock): void {
    this.#block =
      this.#entered?.number === block.number
        ? this.#entered
        : { number: block.number, time: BigInt(block.timestamp) * NANOSECONDS }
  }

  #flush(): void {
    for (const { store, key } of this.#records.flush())
      this.#touched.set(`${store}/${Buffer.from(key).toString('latin1')}`, { store, key })
  }

  #govern(call: GovernanceCall, sender: AddressHex, storage: NativeStorage): void {
    this.#over(storage, () => {
      if (sender !== governorOf(this.#books, this.#governor))
        throw new NativeRevert(encodeError('only the governor may do this'))
      try {
        this.#host.run(() => govern({ hub: this.#hub, host: this.#host, books: this.#books }, call))
      } catch (error) {
        if (isHubError(error)) throw new NativeRevert(encodeError(`${error.code}: ${error.message}`))
        throw error
      }
      this.#flush()
    })
  }

  #deliver(bytes: Uint8Array, signer: AddressHex): HostOutcome {
    const message = decodeMessage(bytes)
    if (typeof message === 'string') return rejected(message)
    const perByte = UPDATES.includes(message.typeUrl) ? UPDATE_BYTE_GAS : MESSAGE_BYTE_GAS
    this.#charge(perByte * BigInt(bytes.length))
    if (TAKES_TOKENS.includes(message.typeUrl)) return rejected('tokens are sent by sendToken and sendCoin')
    return this.#outcome(() => this.#host.deliver({ ...message, signer } as IbcMessage))
  }

  #send({
    sender,
    token,
    amount,
    route,
    receiver,
    timeout,
    memo,
    name,
    symbol,
    decimals,
  }: GatewayTransfer): HostOutcome {
    const data = {
      denom: denomOfToken(token),
      amount,
      sender,
      receiver,
      memo: withAsset(memo, { name, symbol, decimals }),
    }
    return this.#outcome(() => {
      try {
        const { value, events } = this.#host.run(() =>
          route.startsWith('channel-')
            ? this.#transfer.send({ port: TRANSFER_PORT, channel: route }, data, { timestamp: timeout * NANOSECONDS })
            : this.#transfer.sendV2(route, data, timeout),
        )
        return { status: 'done', events, result: value }
      } catch (error) {
        if (!isHubError(error)) throw error
        return { status: 'rejected', code: error.code, reason: error.message, context: error.context }
      }
    })
  }

  #outcome(work: () => Delivery): HostOutcome {
    this.#bank.takeActions()
    const delivery = work()
    const actions = this.#bank.takeActions()
    if (delivery.status === 'rejected') return rejected(`${delivery.code}: ${delivery.reason}`)
    if (delivery.status === 'no-op') return { status: 'no-op', detail: '', actions: [], logs: [] }
    return {
      status: 'done',
      detail: delivery.result === undefined ? '' : String(delivery.result),
      actions,
      logs: delivery.events.map(({ type, attributes }: IbcEvent) => ({
        kind: type,
        attributes: JSON.stringify(attributes),
      })),
    }
  }
}

const rejected = (detail: string): HostOutcome => ({ status: 'rejected', detail, actions: [], logs: [] })

/** The message in a protobuf `Any`, or why there is none. */
function decodeMessage(bytes: Uint8Array): IbcMessage | string {
  try {
    const { typeUrl, value } = Any.decode(bytes)
    if (!Object.hasOwn(MESSAGES, typeUrl)) return `HUB_NOT_FOUND: no handler for ${typeUrl.slice(0, 80)}`
    const known = typeUrl as keyof typeof MESSAGES
    return { typeUrl: known, ...MESSAGES[known].decode(value) } as IbcMessage
  } catch (error) {
    if (error instanceof HubError) return `${error.code}: ${error.message}`
    throw error
  }
}

/** A message as the gateway's `submit` takes it. */
export function encodeMessage({ typeUrl, ...fields }: IbcMessage): Uint8Array {
  return Any.encode({ typeUrl, value: MESSAGES[typeUrl].encode(fields as never) })
}
