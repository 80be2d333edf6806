import { card, el, fields, link } from '../element.ts'
import { coins, count, gwei } from '../format.ts'
import type { Receipt, Transaction, TransactionUnit } from '../ledger.ts'
import { call, onHead } from '../rpc.ts'

/** Bytes of input that are shown. */
const MAX_INPUT_BYTES = 4_096

export async function transactionPage(hash: string, signal: AbortSignal): Promise<HTMLElement | undefined> {
  const page = el('div')
  const draw = async (): Promise<'missing' | 'pending' | 'done'> => {
    const [transaction, receipt, place] = await Promise.all([
      call<Transaction | null>('eth_getTransactionByHash', hash),
      call<Receipt | null>('eth_getTransactionReceipt', hash),
      call<TransactionUnit | null>('zos_getTransactionUnit', hash),
    ])
    if (!transaction) return 'missing'
    page.replaceChildren(...content(transaction, receipt, place))
    return receipt ? 'done' : 'pending'
  }
  let state = await draw()
  if (state === 'missing') return undefined
  onHead(async () => {
    if (state === 'pending') state = await draw().catch(() => state)
  }, signal)
  return page
}

function content(transaction: Transaction, receipt: Receipt | null, place: TransactionUnit | null): HTMLElement[] {
  const { input, to } = transaction
  const inputBytes = input.length / 2 - 1
  return [
    el('h1', {}, 'Transaction'),
    card(
      'Place in the ledger',
      fields([
        ['Hash', el('code', {}, transaction.hash)],
        ['Status', status(receipt)],
        ['Unit', place && link(`unit/${place.unit}`, place.unit)],
        ['Height', place && el('span', { 'data-field': 'height' }, count(place.height))],
        ['Main-chain index', place && el('span', { 'data-field': 'mci' }, count(place.mci))],
        ['Block', place && link(`block/${place.block}`, count(place.block))],
        ['Position in block', transaction.transactionIndex && count(transaction.transactionIndex)],
      ]),
    ),
    card(
      'Content',
      fields([
        ['From', link(`address/${transaction.from}`, transaction.from)],
        ['To', to && link(`address/${to}`, to)],
        ['Creates', receipt?.contractAddress && link(`address/${receipt.contractAddress}`, receipt.contractAddress)],
        ['Value', `${coins(transaction.value)} ZOS`],
        [
          'Gas',
          receipt ? `${count(receipt.gasUsed)} used of ${count(transaction.gas)}` : `${count(transaction.gas)} at most`,
        ],
        ['Gas price', gwei(receipt?.effectiveGasPrice ?? transaction.gasPrice)],
        ['Nonce', count(transaction.nonce)],
        ['Type', String(Number(transaction.type))],
        [
          `Input, ${count(inputBytes)} bytes`,
          inputBytes > 0
            ? el(
                'div',
                { class: 'input mono', tabindex: '0' },
                input.length > 2 * MAX_INPUT_BYTES + 2 ? `${input.slice(0, 2 * MAX_INPUT_BYTES + 2)}…` : input,
              )
            : null,
        ],
      ]),
    ),
    ...(receipt?.logs ?? []).map((log, index) =>
      card(
        `Log ${index}`,
        fields([
          ['Contract', link(`address/${log.address}`, log.address)],
          ...log.topics.map((topic, number): [string, HTMLElement] => [`Topic ${number}`, el('code', {}, topic)]),
          ['Data', log.data === '0x' ? null : el('div', { class: 'input mono', tabindex: '0' }, log.data)],
        ]),
      ),
    ),
  ]
}

function status(receipt: Receipt | null): HTMLElement {
  if (!receipt) return el('span', {}, 'waiting for a unit that becomes final')
  return receipt.status === '0x1' ? el('span', { class: 'good' }, 'succeeded') : el('span', { class: 'bad' }, 'failed')
}
