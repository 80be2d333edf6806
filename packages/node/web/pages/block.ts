import { card, el, fields, link, table } from '../element.ts'
import { bytes, coins, count, gwei, short, time } from '../format.ts'
import { type Block, type BlockUnits, hex, type Transaction } from '../ledger.ts'
import { call } from '../rpc.ts'

/** Transactions whose details are asked for; a block can hold thousands. */
const MAX_ROWS = 200

/** `id`: a number or a hash. */
export async function blockPage(id: string): Promise<HTMLElement | undefined> {
  const block = id.startsWith('0x')
    ? await call<Block | null>('eth_getBlockByHash', id, false)
    : await call<Block | null>('eth_getBlockByNumber', hex(Number(id)), false)
  if (!block) return undefined
  const number = Number(block.number)
  const [place, next, transactions] = await Promise.all([
    call<BlockUnits>('zos_getBlockUnits', block.number),
    call<Block | null>('eth_getBlockByNumber', hex(number + 1), false),
    Promise.all(
      block.transactions.slice(0, MAX_ROWS).map((hash) => call<Transaction>('eth_getTransactionByHash', hash)),
    ),
  ])
  const steps = el(
    'span',
    { class: 'steps' },
    number > 0 ? link(`block/${number - 1}`, '← previous', '') : null,
    next ? link(`block/${number + 1}`, 'next →', '') : null,
  )
  const overview = card(
    'Overview',
    fields([
      ['Hash', el('code', {}, block.hash)],
      ['Parent', number > 0 ? link(`block/${block.parentHash}`, block.parentHash) : null],
      ['Time', time(Number(block.timestamp) * 1000)],
      ['Leader unit', number > 0 ? link(`unit/${place.leader}`, place.leader) : null],
      ['Round', number > 0 ? count(place.round) : null],
      ['Fees to', link(`address/${block.miner}`, block.miner)],
      ['Gas used', `${count(block.gasUsed)} of ${count(block.gasLimit)}`],
      ['Base fee', gwei(block.baseFeePerGas)],
      ['Size', bytes(Number(block.size))],
      ['State root', el('code', {}, block.stateRoot)],
    ]),
  )
  overview.querySelector('.head')!.append(steps)
  return el(
    'div',
    {},
    el('h1', {}, `Block ${count(number)}`),
    overview,
    card(
      `${count(block.transactions.length)} ${block.transactions.length === 1 ? 'transaction' : 'transactions'}${block.transactions.length > MAX_ROWS ? `, the first ${MAX_ROWS}` : ''}`,
      transactions.length > 0
        ? table(
            ['Hash', 'From', 'To', 'Value, ZOS'],
            transactions.map(({ hash, from, to, value }) => [
              link(`tx/${hash}`, short(hash)),
              link(`address/${from}`, short(from)),
              to ? link(`address/${to}`, short(to)) : 'new contract',
              coins(value),
            ]),
          )
        : el('p', { class: 'empty' }, 'The units of this block carried none.'),
    ),
    card(
      `${count(place.units.length)} ${place.units.length === 1 ? 'unit' : 'units'}, in the ledger’s order`,
      place.units.length > 0
        ? table(
            ['Unit', 'Index', 'Height', ''],
            place.units.map(({ id, mci, height }) => [
              link(`unit/${id}`, short(id)),
              count(mci),
              count(height),
              id === place.leader ? 'leader' : '',
            ]),
          )
        : el('p', { class: 'empty' }, 'None: this is where the chain begins.'),
    ),
  )
}
