import { card, el, link, table } from '../element.ts'
import { age, count, short } from '../format.ts'
import { type Block, hex } from '../ledger.ts'
import { call } from '../rpc.ts'

const ROWS = 25

/** The blocks from number `from` down; the newest without it. */
export async function blocksPage(from: string | undefined): Promise<HTMLElement> {
  const head = Number(await call<string>('eth_blockNumber'))
  const first = from ? Math.min(head, Number(from)) : head
  const numbers = Array.from({ length: Math.min(ROWS, first + 1) }, (_, index) => first - index)
  const found = await Promise.all(
    numbers.map((number) => call<Block | null>('eth_getBlockByNumber', hex(number), false)),
  )
  const blocks = found.filter((block) => block !== null)
  const steps = el(
    'span',
    { class: 'steps' },
    first < head ? link(`blocks/${Math.min(head, first + ROWS)}`, '← newer', '') : null,
    first >= ROWS ? link(`blocks/${first - ROWS}`, 'older →', '') : null,
  )
  const list = card(
    `Blocks ${count(numbers.at(-1)!)} to ${count(first)}`,
    table(
      ['Block', 'Age', 'Transactions', 'Gas used', 'Leader', 'Hash'],
      blocks.map((block) => [
        link(`block/${Number(block.number)}`, count(block.number)),
        age(Number(block.timestamp) * 1000),
        count(block.transactions.length),
        count(block.gasUsed),
        link(`address/${block.miner}`, short(block.miner)),
        link(`block/${block.hash}`, short(block.hash)),
      ]),
    ),
  )
  list.querySelector('.head')!.append(steps)
  return el('div', {}, el('h1', {}, 'Blocks'), list)
}
