/** The gateway's `submit` call and its logs, as clients write and read them. */
import { bytesToHex, bytesToUtf8, concatBytes, hexToBytes, type PrefixedHexString, utf8ToBytes } from '@ethereumjs/util'
import type { Delivery, IbcEvent } from '@zos/hub-ibc'
import { keccak256 } from '@zos/pipeline/hash'
import { IBC_GATEWAY_ADDRESS } from './addresses.ts'
import { dynamicAt, encodeBytesList, numberAt, OUTCOME_STATUS } from './gateway-abi.ts'

export interface GatewayLog {
  address: string
  topics: readonly string[]
  data: PrefixedHexString
  blockNumber: PrefixedHexString
}

const topic = (signature: string): PrefixedHexString => bytesToHex(keccak256(utf8ToBytes(signature)))
export const IBC_EVENT_TOPIC = topic('IbcEvent(string,string)')
const DELIVERED_TOPIC = topic('Delivered(uint256,uint8,string)')
const SUBMIT = keccak256(utf8ToBytes('submit(bytes[])')).subarray(0, 4)

/** The data of a call of `submit`. */
export const encodeSubmit = (messages: readonly Uint8Array[]): PrefixedHexString =>
  bytesToHex(concatBytes(SUBMIT, encodeBytesList(messages)))

/** The IBC event in an `IbcEvent` log. */
export function decodeIbcEvent({ data }: Pick<GatewayLog, 'data'>): IbcEvent {
  const body = hexToBytes(data)
  return { type: bytesToUtf8(dynamicAt(body, 0)), attributes: JSON.parse(bytesToUtf8(dynamicAt(body, 1))) }
}

function decodeDelivered({
  topics,
  data,
}: Pick<GatewayLog, 'topics' | 'data'>): { status: keyof typeof OUTCOME_STATUS; detail: string } | undefined {
  if (topics[0] !== DELIVERED_TOPIC) return undefined
  const body = hexToBytes(data)
  const [status] = Object.entries(OUTCOME_STATUS).find(([, number]) => number === numberAt(body, 0)) ?? []
  return { status: status as keyof typeof OUTCOME_STATUS, detail: bytesToUtf8(dynamicAt(body, 1)) }
}

/** The results of a `submit`, one a message: each ends with its `Delivered` log, after its events. */
export function deliveriesOf(logs: readonly Omit<GatewayLog, 'blockNumber'>[]): Delivery[] {
  const results: Delivery[] = []
  let events: IbcEvent[] = []
  for (const log of logs) {
    if (log.address !== IBC_GATEWAY_ADDRESS) continue
    if (log.topics[0] === IBC_EVENT_TOPIC) {
      events.push(decodeIbcEvent(log))
      continue
    }
    const delivered = decodeDelivered(log)
    if (!delivered) continue
    const { status, detail } = delivered
    if (status === 'no-op') results.push({ status })
    else if (status === 'rejected') results.push({ status, code: 'HUB_RELAY', reason: detail, context: {} })
    else results.push({ status, events, ...(detail === '' ? {} : { result: detail }) })
    events = []
  }
  return results
}
