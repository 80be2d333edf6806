/** A ZOS network, of one validator unless a test wants more, without its consensus: blocks come when a test asks for them; everything else is the node's own. */
import { bytesToHex } from '@ethereumjs/util'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { signerFromPrivateKey, type Unit } from '@zos/dag'
import type { Delivery, IbcMessage } from '@zos/hub-ibc'
import type { ChainEvent, ConnectableEndpoint } from '@zos/hub-ibc/relayer'
import { Interface } from 'ethers'
import { Evm, type EvmOutcome } from '../../src/execution/evm.ts'
import type { Genesis } from '../../src/genesis/genesis.ts'
import { genesisState } from '../../src/genesis/genesis.ts'
import { IBC_GATEWAY_ADDRESS } from '../../src/ibc/addresses.ts'
import { GATEWAY_ABI } from '../../src/ibc/gateway-human-abi.ts'
import { decodeIbcEvent, deliveriesOf, encodeSubmit, IBC_EVENT_TOPIC } from '../../src/ibc/gateway-logs.ts'
import { ibcAccounts } from '../../src/ibc/genesis-accounts.ts'
import { Ibc } from '../../src/ibc/ibc.ts'
import { IbcCheckpoints } from '../../src/ibc/ibc-checkpoints.ts'
import { encodeMessage } from '../../src/ibc/ibc-host.ts'
import { ibcSettings } from '../../src/ibc/settings.ts'
import type { AddressHex } from '../../src/state/account.ts'
import { StateOverlay } from '../../src/state/overlay.ts'
import { createMemoryStore } from '../../src/store/kv.ts'

export const gatewayInterface = new Interface(GATEWAY_ABI)
export const tokenInterface = new Interface([
  'function balanceOf(address) view returns (uint256)',
  'function totalSupply() view returns (uint256)',
  'function approve(address, uint256) returns (bool)',
  'function name() view returns (string)',
  'function symbol() view returns (string)',
  'function decimals() view returns (uint8)',
])
/** Who submits messages. */
export const RELAYER: AddressHex = `0x${'ee'.repeat(20)}`
export const validatorKey = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const KEY = validatorKey(1)
const STAKE = 10n ** 24n
const START_MS = 1_767_225_600_000

export interface TestCall {
  from: AddressHex
  to?: AddressHex
  data: string
  value?: bigint
  gasLimit?: bigint
}

export interface EvmChain {
  readonly ibc: Ibc
  readonly endpoint: ConnectableEndpoint
  /** The state after the newest block. */
  readonly state: StateOverlay
  /** Seconds since 1970 of the newest block. */
  seconds(): bigint
  /** One block with `calls`. `edit` changes the state before them, as no honest network could. */
  block(calls: readonly TestCall[], edit?: (state: StateOverlay) => void): Promise<EvmOutcome[]>
  /** One block with one call that must succeed. */
  send(call: TestCall): Promise<EvmOutcome>
  /** A call that changes nothing. */
  call(call: TestCall): Promise<EvmOutcome>
  balanceOf(token: AddressHex, account: AddressHex): Promise<bigint>
  /** Lets time pass. */
  wait(seconds: number): void
  /** One block with `calls` that ends the epoch; the validators with `keys` are the committee from the next on. */
  endEpoch(keys: readonly Uint8Array[], calls?: readonly TestCall[]): Promise<void>
}

const member = (key: Uint8Array) => ({ address: signerFromPrivateKey(key).address, stake: STAKE })

export async function createEvmChain(
  name: string,
  accounts: Record<AddressHex, bigint>,
  validators: readonly Uint8Array[] = [KEY],
  governor?: AddressHex,
): Promise<EvmChain> {
  const { address } = signerFromPrivateKey(KEY)
  const genesis: Genesis = {
    name,
    chainId: 1,
    timestampMs: START_MS,
    gasLimit: '150000000',
    baseFeePerGas: '7',
    epochRounds: 100,
    validators: validators.map((key) => ({
      address: signerFromPrivateKey(key).address,
      publicKey: bytesToHex(secp256k1.getPublicKey(key, true)),
      stake: String(STAKE),
    })),
    accounts: [
      ...Object.entries(accounts).map(([account, balance]) => ({
        address: account as AddressHex,
        balance: balance.toString(),
      })),
      ...ibcAccounts,
    ],
    ibc: {
      ...ibcSettings(
        name,
        validators.map((privateKey) => ({ address: signerFromPrivateKey(privateKey).address, privateKey })),
      ),
      ...(governor ? { governor } : {}),
    },
  }
  const store = createMemoryStore()
  const committees = [validators.map(member)]
  const ibc = new Ibc({ genesis, store, head: 0, validatorKey: KEY, committeeOf: (epoch) => committees[epoch]! })
  // The other validators follow the same chain; their votes come in units, or by gossip once they make none.
  const voters = new Map<string, IbcCheckpoints>()
  let epoch = 0
  let ending = false
  const voterOf = (key: Uint8Array) => {
    const voter = signerFromPrivateKey(key).address
    if (voter === address || voters.has(voter)) return
    const publish = (vote: Uint8Array) => void gossip.push(vote)
    const validator = { address: voter as AddressHex, signingKey: key }
    voters.set(
      voter,
      new IbcCheckpoints({ chainId: name, sets: ibc.sets, store: createMemoryStore(), validator, publish }),
    )
  }
  const gossip: Uint8Array[] = []
  for (const key of validators) voterOf(key)
  /** What members say of the newest block, in units of the committee that runs now, and what those say that left. */
  const vote = async () => {
    const facts = ibc.ledger.last!
    for (const [author, voter] of voters) {
      await voter.blockDone(facts)
      const messages = voter.takeMessages()
      if (committees[epoch]!.some((one) => one.address === author))
        await ibc.take({ header: { authors: [author] }, messages } as unknown as Unit)
    }
    for (const bytes of gossip.splice(0)) await ibc.checkpoints.takeGossip(bytes)
  }
  const evm = await Evm.create(1, () => undefined, [ibc.machine.native])
  const callEvm = await Evm.create(1, () => undefined, [ibc.callMachine.native])
  const events: ChainEvent[] = []
  let state: StateOverlay = genesisState(genesis)
  let height = 0
  let timeMs = START_MS

  const context = () => ({
    number: height,
    beneficiary: address as AddressHex,
    gasLimit: 150_000_000n,
    timestamp: Math.floor(timeMs / 1000),
    mixHash: `0x${'00'.repeat(32)}` as const,
    baseFeePerGas: 7n,
  })
  const run = (on: Evm, overlay: StateOverlay, { from, to, data, value = 0n, gasLimit = 16_000_000n }: TestCall) =>
    on.call(overlay, context(), { from, to, gasLimit, value, data: Buffer.from(data.slice(2), 'hex') })

  const chain: EvmChain = {
    ibc,
    get state() {
      return state
    },
    seconds: () => BigInt(Math.floor(timeMs / 1000)),
    wait(seconds) {
      timeMs += seconds * 1000
    },
    async block(calls, edit) {
      height++
      timeMs += 1000
      const overlay = new StateOverlay(state)
      edit?.(overlay)
      const endsEpoch = ending
      const facts = { number: height, timeMs, unit: `0x${'ab'.repeat(32)}` as const, mci: height, epoch, endsEpoch }
      ibc.begin(facts)
      const outcomes: EvmOutcome[] = []
      for (const one of calls) outcomes.push(await run(evm, overlay, one))
      await store.batch(await ibc.end(overlay, facts))
      state = overlay
      await ibc.settled()
      if (endsEpoch) epoch++
      await vote()
      for (const { logs } of outcomes)
        for (const { topics, data } of logs)
          if (topics[0] === IBC_EVENT_TOPIC)
            events.push({ ...decodeIbcEvent({ data: bytesToHex(data) }), height: BigInt(height) })
      return outcomes
    },
    async send(call) {
      const [outcome] = await chain.block([call])
      if (!outcome!.succeeded)
        throw new Error(`the call failed: ${outcome!.exception} ${bytesToHex(outcome!.returned)}`)
      return outcome!
    },
    async endEpoch(keys, calls = []) {
      committees[epoch + 1] = keys.map(member)
      for (const key of keys) voterOf(key)
      ending = true
      await chain.block(calls)
      ending = false
    },
    call: (call) => run(callEvm, new StateOverlay(state), call),
    async balanceOf(token, account) {
      const data = tokenInterface.encodeFunctionData('balanceOf', [account])
      const { returned } = await chain.call({ from: RELAYER, to: token, data })
      return BigInt(bytesToHex(returned))
    },
    endpoint: {
      chainId: name,
      async latest() {
        if (height === 0) await chain.block([])
        return {
          height: { revisionNumber: ibc.checkpoints.revision, revisionHeight: BigInt(ibc.checkpoints.newest) },
          time: ibc.ledger.facts(ibc.checkpoints.newest)!.time,
        }
      },
      events: async (from, to) => events.filter((event) => event.height >= from && event.height <= to),
      has: async (key) => ibc.ledger.get(key) !== undefined,
      prove: async (key, { revisionHeight }) => ibc.ledger.prove(key, Number(revisionHeight)),
      updates: async (target, trusted) =>
        trusted.revisionHeight >= target.revisionHeight
          ? []
          : ibc.checkpoints.updates(Number(target.revisionHeight), Number(trusted.revisionHeight))!,
      clientHeight: async (id) =>
        ibc.callMachine.read(state, { number: height, time: BigInt(timeMs) * 1_000_000n }, ({ host }) =>
          host.clientHeight(id),
        ),
      submit: (messages) => submit(chain, RELAYER, messages),
      async clientStates() {
        await chain.endpoint.latest()
        return ibc.checkpoints.clientStates()!
      },
    },
  }
  return chain
}

/** Submits messages in one transaction of `from`. */
export async function submit(
  chain: EvmChain,
  from: AddressHex,
  messages: readonly IbcMessage[],
): Promise<readonly Delivery[]> {
  const data = encodeSubmit(messages.map(encodeMessage))
  const { logs } = await chain.send({ from, to: IBC_GATEWAY_ADDRESS, data })
  return deliveriesOf(logs.map(({ address, topics, data: bytes }) => ({ address, topics, data: bytesToHex(bytes) })))
}

/** The gateway's own log of the given name, decoded. */
export function gatewayLog(outcome: EvmOutcome, name: string) {
  for (const { topics, data } of outcome.logs) {
    const log = gatewayInterface.parseLog({ topics: [...topics], data: bytesToHex(data) })
    if (log?.name === name) return log.args
  }
  return undefined
}
