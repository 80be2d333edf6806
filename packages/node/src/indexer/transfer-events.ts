/** Token transfers in events: ERC-20 and ERC-721 (`Transfer`), ERC-1155 (`TransferSingle`, `TransferBatch`). */
import { bytesToBigInt } from '@ethereumjs/util'

/** Keccak-256 of `Transfer(address,address,uint256)`: ERC-20 and ERC-721 share it, and differ in how many topics there are. */
const TRANSFER = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'
/** Keccak-256 of `TransferSingle(address,address,address,uint256,uint256)`. */
const TRANSFER_SINGLE = '0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62'
/** Keccak-256 of `TransferBatch(address,address,address,uint256[],uint256[])`. */
const TRANSFER_BATCH = '0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb'
const WORD = 32

export interface TokenTransfer {
  readonly standard: 'erc20' | 'erc721' | 'erc1155'
  readonly from: string
  readonly to: string
  /** Decimal: units of an ERC-20 or ERC-1155, the id of an ERC-721. */
  readonly amount: string
  /** Decimal, of an ERC-1155. */
  readonly id: string | null
}

/** The transfers that an event tells of; none for any other event, or one whose data is not of the standard's form. */
export function transfersOf({
  topics,
  data,
}: {
  readonly topics: readonly string[]
  readonly data: Uint8Array
}): TokenTransfer[] {
  const address = (at: number) => `0x${topics[at]!.slice(26)}`
  if (topics[0] === TRANSFER) {
    const parties = () => ({ from: address(1), to: address(2), id: null })
    if (topics.length === 3 && data.length === WORD)
      return [{ standard: 'erc20', ...parties(), amount: bytesToBigInt(data).toString() }]
    if (topics.length === 4) return [{ standard: 'erc721', ...parties(), amount: BigInt(topics[3]!).toString() }]
    return []
  }
  if (topics.length !== 4) return []
  const parties = { standard: 'erc1155' as const, from: address(2), to: address(3) }
  if (topics[0] === TRANSFER_SINGLE && data.length === 2 * WORD)
    return [{ ...parties, id: wordAt(data, 0).toString(), amount: wordAt(data, WORD).toString() }]
  if (topics[0] !== TRANSFER_BATCH || data.length < 4 * WORD) return []
  const [ids, amounts] = [wordsAt(data, 0), wordsAt(data, WORD)]
  if (!ids || !amounts || ids.length !== amounts.length) return []
  return ids.map((id, index) => ({ ...parties, id: id.toString(), amount: amounts[index]!.toString() }))
}

function wordAt(data: Uint8Array, at: number): bigint {
  return bytesToBigInt(data.subarray(at, at + WORD))
}

/** The `uint256[]` whose offset stands at `head`; undefined if it does not lie within the data. */
function wordsAt(data: Uint8Array, head: number): bigint[] | undefined {
  const offset = wordAt(data, head)
  if (offset > BigInt(data.length - WORD)) return undefined
  const length = wordAt(data, Number(offset))
  const start = Number(offset) + WORD
  if (length > BigInt((data.length - start) / WORD)) return undefined
  return Array.from({ length: Number(length) }, (_, index) => wordAt(data, start + index * WORD))
}
