/** A block as Ethereum writes it (Yellow Paper §4.3; EIP-2718, EIP-4895): header, transactions, no uncles, withdrawals. */

import { RLP } from '@ethereumjs/rlp'
import { concatBytes } from '@ethereumjs/util'
import type { StoredBlock } from '../chain/block-codec.ts'
import { type BlockHeader, constantFields, encodeHeader } from './header.ts'

type Withdrawals = StoredBlock['withdrawals']

/** `transactions` in their own encoding, as they were sent. */
export function encodeEthereumBlock(
  { header, withdrawals, uncles = [] }: Pick<StoredBlock, 'header' | 'withdrawals' | 'uncles'>,
  transactions: readonly { raw: Uint8Array }[],
): Uint8Array {
  return list([
    encodeHeader(header),
    list(transactions.map(({ raw }) => (isList(raw) ? raw : RLP.encode(raw)))),
    list(uncles),
    ...encodedWithdrawals(header, withdrawals),
  ])
}

/** The length of {@link encodeEthereumBlock} without withdrawals and uncles, as ZOS has it. Makes no copy of the transactions. */
export function ethereumBlockSize(header: BlockHeader, transactions: readonly { raw: Uint8Array }[]): number {
  const body = transactions.reduce(
    (size, { raw }) => size + raw.length + (isList(raw) ? 0 : prefixLength(raw.length)),
    0,
  )
  const last = encodedWithdrawals(header, []).reduce((size, { length }) => size + length, 0)
  const content = encodeHeader(header).length + prefixLength(body) + body + 1 + last
  return prefixLength(content) + content
}

function encodedWithdrawals(header: BlockHeader, withdrawals: Withdrawals): Uint8Array[] {
  if (constantFields(header).fields < 17) return []
  return [
    RLP.encode(
      (withdrawals ?? []).map(({ index, validatorIndex, address, amount }) => [index, validatorIndex, address, amount]),
    ),
  ]
}

/** A transaction without a type is a list itself; one with a type is a string in the block. */
function isList(raw: Uint8Array): boolean {
  return raw[0]! >= 0xc0
}

function list(items: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(...items)
  const { length } = content
  if (length < 56) return concatBytes(Uint8Array.of(0xc0 + length), content)
  const digits = lengthBytes(length)
  return concatBytes(Uint8Array.of(0xf7 + digits.length, ...digits), content)
}

/** Of what is never a single byte. */
function prefixLength(length: number): number {
  return length < 56 ? 1 : 1 + lengthBytes(length).length
}

function lengthBytes(length: number): number[] {
  const digits: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256)
  return digits
}
