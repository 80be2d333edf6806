import { link } from './element.ts'
import { call, onHead } from './rpc.ts'

/** Adds to `answer` in which block the transaction is final, once it is; and that it failed, if it did. */
export function sayWhenFinal(hash: string, answer: HTMLElement, signal: AbortSignal): void {
  const found = new AbortController()
  onHead(
    async () => {
      const receipt = await call<{ blockNumber: string; status: string } | null>(
        'eth_getTransactionReceipt',
        hash,
      ).catch(() => null)
      if (!receipt || found.signal.aborted) return
      found.abort()
      const number = Number(receipt.blockNumber)
      answer.append(
        receipt.status === '0x1' ? ' Final in block ' : ' Failed in block ',
        link(`block/${number}`, String(number)),
        '.',
      )
    },
    AbortSignal.any([signal, found.signal]),
  )
}
