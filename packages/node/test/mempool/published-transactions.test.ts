import { bytesToHex, hexToBytes } from '@ethereumjs/util'
import { decodeTransaction } from '@zos/pipeline/transaction'
import { createVerifier } from '@zos/pipeline/verify'
import { expect, test } from 'vitest'
import { intrinsicGas } from '../../src/mempool/intrinsic-gas.ts'
import { type PublishedTransaction, readTransactions } from './published-transactions.ts'

/** EIP-3860. */
const MAX_INITCODE_BYTES = 49_152

test('published transactions are taken with their hash, sender and intrinsic gas, and what is none is refused', async () => {
  const verifier = await createVerifier()
  const judge = (raw: Uint8Array): PublishedTransaction['valid'] => {
    // Those of before EIP-155 are among them: whether they are wanted is the chain's choice.
    const decoded = decodeTransaction(raw, { chainId: 1n, requireReplayProtection: false })
    if (decoded.status !== 'ok') return undefined
    const { tx } = decoded
    const [sender] = verifier.recoverMany([{ hash: tx.signingHash, ...tx.signature }])
    const gas = intrinsicGas(tx)
    if (!sender || tx.gasLimit < gas || (!tx.to && tx.data.length > MAX_INITCODE_BYTES)) return undefined
    return { hash: bytesToHex(tx.hash), sender: bytesToHex(sender), intrinsicGas: `0x${gas.toString(16)}` }
  }
  const cases = readTransactions()
  const answers = cases.map(({ name, raw }) => ({ name, valid: judge(hexToBytes(raw)) }))
  expect(answers.length).toBe(210)
  expect(answers).toEqual(
    cases.map(({ name, valid }) => ({
      name,
      valid: valid && { ...valid, intrinsicGas: `0x${BigInt(valid.intrinsicGas).toString(16)}` },
    })),
  )
})
