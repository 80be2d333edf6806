import { createBlockHeader } from '@ethereumjs/block'
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { createMPT } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { bytesToHex } from '@ethereumjs/util'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { Evm } from '../../src/execution/evm.ts'
import { executeBlock } from '../../src/execution/execute-block.ts'
import { type BlockHeader, decodeHeader, encodeHeader, headerHash, nextBaseFee } from '../../src/execution/header.ts'
import { EMPTY_BLOOM, encodeReceipt } from '../../src/execution/receipt.ts'
import type { SignedTransaction } from '../../src/execution/signed-transaction.ts'
import { type AccountState, type AddressHex, EMPTY_ACCOUNT, EMPTY_ROOT } from '../../src/state/account.ts'
import { StateOverlay, type StateReader } from '../../src/state/overlay.ts'
import { accounts, CHAIN_ID, signed } from '../sign.ts'

const MINER = `0x${'0e'.repeat(20)}` as AddressHex
const CONTEXT = {
  number: 1,
  beneficiary: MINER,
  gasLimit: 150_000_000n,
  timestamp: 1_000,
  mixHash: `0x${'07'.repeat(32)}`,
  baseFeePerGas: 10n ** 9n,
} as const
let evm: Evm

beforeAll(async () => {
  evm = await Evm.create(CHAIN_ID, () => undefined)
})

function stateOf(balances: Partial<Record<number, AccountState>> = {}): StateReader {
  const state = new Map(
    accounts.map(({ address }, index) => [address, balances[index] ?? { ...EMPTY_ACCOUNT, balance: 10n ** 18n }]),
  )
  return { account: (address) => state.get(address), storage: () => new Uint8Array(), code: () => new Uint8Array() }
}

const plain = (state: StateOverlay, addresses: AddressHex[]) => addresses.map((address) => state.account(address))

describe('a plain transfer outside the EVM', () => {
  test('changes exactly what the EVM would change', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 0, max: 6 }),
        fc.bigInt(0n, 10n ** 17n),
        fc.bigInt(0n, 9n * 10n ** 9n),
        fc.constantFrom(0, 1, 2),
        async (from, to, value, tip, type) => {
          const recipient = to === 6 ? (`0x${'ab'.repeat(20)}` as AddressHex) : (accounts[to]?.address ?? MINER)
          const fee = 10n ** 10n
          const transaction = await signed(from, {
            nonce: 0,
            to: recipient,
            value,
            type,
            ...(type === 2 ? { maxPriorityFeePerGas: tip } : { gasPrice: fee }),
          })
          const direct = await executeBlock(evm, stateOf(), CONTEXT, [transaction])
          const reference = new StateOverlay(stateOf())
          const outcome = await evm.transact(reference, CONTEXT, transaction.tx.raw, transaction.sender)
          const touched = [...new Set([recipient, MINER, transaction.sender])]
          const mine = new StateOverlay(stateOf())
          for (const [address, account] of direct.changes.accounts) mine.setAccount(address, account)
          expect(plain(mine, touched)).toEqual(plain(reference, touched))
          expect(direct.gasUsed).toBe(outcome.gasUsed)
          expect(direct.included[0]!.receipt.succeeded).toBe(outcome.succeeded)
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('a block', () => {
  test('leaves out what cannot run at its turn and goes on', async () => {
    const good = await signed(0, { nonce: 0 })
    const transactions: SignedTransaction[] = [
      good,
      good, // twice in the ledger, once in the block
      await signed(0, { nonce: 0, value: 5n }), // the nonce is used up
      await signed(0, { nonce: 7 }),
      await signed(1, { nonce: 0, maxFeePerGas: 10n ** 8n, maxPriorityFeePerGas: 1n }),
      await signed(2, { nonce: 0, value: 10n ** 19n }),
      await signed(0, { nonce: 1 }),
    ]
    const { included, skipped, gasUsed } = await executeBlock(evm, stateOf(), CONTEXT, transactions)
    expect(included.map(({ transaction }) => Number(transaction.tx.nonce))).toEqual([0, 1])
    expect(skipped.map(({ reason }) => reason)).toEqual([
      'nonce-too-low',
      'nonce-too-high',
      'fee-too-low',
      'insufficient-funds',
    ])
    expect(gasUsed).toBe(42_000n)
    expect(included[1]!.receipt.cumulativeGasUsed).toBe(42_000n)
  })

  test('ends when it is full', async () => {
    const transactions = await Promise.all([0, 1, 2].map((from) => signed(from, { nonce: 0 })))
    const { included, skipped } = await executeBlock(evm, stateOf(), { ...CONTEXT, gasLimit: 50_000n }, transactions)
    expect(included).toHaveLength(2)
    expect(skipped[0]!.reason).toBe('block-full')
  })

  test('has the transaction and receipt roots of an independent trie', async () => {
    const transactions = await Promise.all(Array.from({ length: 140 }, (_, nonce) => signed(0, { nonce })))
    const { included, transactionsRoot, receiptsRoot } = await executeBlock(evm, stateOf(), CONTEXT, transactions)
    const [bodies, receipts] = [await createMPT(), await createMPT()]
    for (const [index, { transaction, receipt }] of included.entries()) {
      await bodies.put(RLP.encode(index), transaction.tx.raw)
      await receipts.put(RLP.encode(index), encodeReceipt(receipt))
    }
    expect(transactionsRoot).toBe(bytesToHex(bodies.root()))
    expect(receiptsRoot).toBe(bytesToHex(receipts.root()))
  })

  test('undoes a call that fails, but keeps its nonce and fee', async () => {
    // Init code that stores and then reverts: PUSH1 1, PUSH1 0, SSTORE, PUSH1 0, PUSH1 0, REVERT.
    const transaction = await signed(0, { nonce: 0, to: null, data: '0x600160005560006000fd', gasLimit: 100_000n })
    const { included, changes } = await executeBlock(evm, stateOf(), CONTEXT, [transaction])
    expect(included[0]!.receipt.succeeded).toBe(false)
    expect(changes.accounts.get(accounts[0]!.address)!.nonce).toBe(1n)
    expect(
      [...changes.storage.values()].every((slots) => [...slots.values()].every((value) => value.length === 0)),
    ).toBe(true)
  })
})

test('every precompile runs in a block, and whatever it makes of its input, the sender pays', async () => {
  for (const to of evm.precompiles) {
    const transaction = await signed(0, { nonce: 0, to, data: '0x00', gasLimit: 100_000n })
    const { included, skipped } = await executeBlock(evm, stateOf(), CONTEXT, [transaction])
    expect(skipped, to).toEqual([])
    expect(included[0]!.receipt.gasUsed).toBeGreaterThan(21_000n)
  }
  expect(evm.precompiles).toHaveLength(18)
})

describe('a header', () => {
  const header: BlockHeader = {
    ...CONTEXT,
    parentHash: `0x${'01'.repeat(32)}`,
    stateRoot: `0x${'02'.repeat(32)}`,
    transactionsRoot: EMPTY_ROOT,
    receiptsRoot: EMPTY_ROOT,
    logsBloom: EMPTY_BLOOM,
    gasUsed: 75_000_000n,
    extraData: `0x${'03'.repeat(32)}`,
    parentBeaconBlockRoot: `0x${'04'.repeat(32)}`,
  }
  const common = createCustomCommon({ chainId: CHAIN_ID }, Mainnet, { hardfork: Hardfork.Osaka })
  const theirs = (fields: BlockHeader) =>
    createBlockHeader(
      {
        ...fields,
        number: fields.number,
        coinbase: fields.beneficiary,
        transactionsTrie: fields.transactionsRoot,
        receiptTrie: fields.receiptsRoot,
        withdrawalsRoot: EMPTY_ROOT,
        blobGasUsed: 0n,
        excessBlobGas: 0n,
        requestsHash: '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      },
      { common, skipConsensusFormatValidation: true },
    )

  test('has the hash that @ethereumjs computes', () => {
    expect(headerHash(header)).toBe(bytesToHex(theirs(header).hash()))
    expect(decodeHeader(encodeHeader(header))).toEqual(header)
  })

  test('moves the base fee as EIP-1559 says', () => {
    for (const gasUsed of [0n, 1n, 74_999_999n, 75_000_000n, 75_000_001n, 149_000_000n, 150_000_000n]) {
      const fields = { ...header, gasUsed, baseFeePerGas: 10n ** 9n }
      expect(nextBaseFee(fields)).toBe(theirs(fields).calcNextBaseFee())
    }
  })
})
