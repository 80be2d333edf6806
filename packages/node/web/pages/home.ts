/** The DAG live, the state of the node, the newest blocks and transactions. */
import { createDagCanvas } from '../dag-canvas.ts'
import { DagWindow } from '../dag-window.ts'
import { card, el, link } from '../element.ts'
import { age, bytes, coins, count, short } from '../format.ts'
import { type Block, hex, type Status, type Transaction, type Unit } from '../ledger.ts'
import { call, onHead } from '../rpc.ts'

const ROWS = 12
/** Blocks in which the first look searches for transactions. */
const LOOK_BACK = 100
/** The state of the node and rounds without a new block are looked at this often. */
const REFRESH_MS = 1_000

export async function homePage(signal: AbortSignal): Promise<HTMLElement> {
  const tiles = el('dl', { class: 'tiles' })
  const detail = el(
    'div',
    { class: 'detail', role: 'status' },
    'Point at a unit to see its index and block; click it for more.',
  )
  const dag = new DagWindow((fromRound, toRound) => call<Unit[]>('zos_getUnits', { fromRound, toRound }))
  const canvas = createDagCanvas(
    dag,
    (unit) => detail.replaceChildren(...describe(unit)),
    (unit) => {
      location.hash = `#/unit/${unit.id}`
    },
    signal,
  )
  const blocks = createFeed('Blocks appear here as leaders are committed.')
  const transactions = createFeed('No transactions yet.')
  let seen = -1

  const refresh = once(async () => {
    const status = await call<Status>('zos_status')
    showStatus(tiles, status)
    await Promise.all([dag.refresh(status.round, canvas.firstColumn()), refreshBlocks(status.block)])
    canvas.update()
  })
  const refreshBlocks = async (head: number) => {
    if (head <= seen) return
    const from = Math.max(0, seen + 1, head - LOOK_BACK + 1)
    const numbers = Array.from({ length: head - from + 1 }, (_, index) => head - index)
    const fresh = (
      await Promise.all(numbers.map((number) => call<Block | null>('eth_getBlockByNumber', hex(number), false)))
    ).filter((block) => block !== null)
    const hashes = fresh.flatMap((block) => [...block.transactions].reverse()).slice(0, ROWS)
    const found = await Promise.all(hashes.map((hash) => call<Transaction>('eth_getTransactionByHash', hash)))
    seen = head
    blocks.add(fresh.slice(0, ROWS).map(blockRow))
    transactions.add(found.map(transactionRow))
  }
  const look = () => {
    if (!document.hidden) refresh().catch(() => {}) // the header says when the node is away
    blocks.tick()
  }

  await refresh()
  onHead(look, signal)
  const timer = setInterval(look, REFRESH_MS)
  signal.addEventListener('abort', () => clearInterval(timer))

  const dagCard = card('The ledger, live', canvas.element, detail)
  dagCard
    .querySelector('.head')!
    .append(
      el(
        'ul',
        { class: 'legend' },
        el('li', {}, 'open'),
        el('li', { class: 'final' }, 'final'),
        el('li', { class: 'leader' }, 'leader'),
        el('li', { class: 'chain' }, 'main chain'),
      ),
    )
  return el(
    'div',
    {},
    dagCard,
    card('This node', tiles),
    el(
      'div',
      { class: 'columns' },
      card('Newest blocks', blocks.element),
      card('Newest transactions', transactions.element),
    ),
  )
}

function describe(unit: Unit): Node[] {
  const parts: (Node | string)[] = [
    'Unit ',
    link(`unit/${unit.id}`, short(unit.id)),
    ' of round ',
    el('b', {}, unit.round),
    ' by ',
    link(`address/${unit.author}`, short(unit.author)),
    ', height ',
    el('b', {}, unit.height),
  ]
  if (unit.mci === null) parts.push(', not final yet')
  else
    parts.push(
      unit.leader ? ', leader' : unit.mainChain ? ', on the main chain' : '',
      ', index ',
      el('b', {}, unit.mci),
    )
  if (unit.block !== null) parts.push(', block ', link(`block/${unit.block}`, String(unit.block)))
  return parts.map((part) => (typeof part === 'string' ? document.createTextNode(part) : part))
}

function showStatus(tiles: HTMLElement, status: Status): void {
  const entries: [string, string][] = [
    ['Round', count(status.round)],
    ['Block', count(status.block)],
    ['Main-chain index', count(status.mci)],
    ['Epoch', count(status.epoch)],
    ['Units', count(status.units)],
    ['Peers', count(status.peers)],
    ['Transactions in pool', count(status.pool)],
    ['Blocks to execute', count(status.backlog)],
    ['Chain id', String(status.chainId)],
    ['Role', status.validator ? (status.producing ? 'validator' : 'validator, idle') : 'follower'],
    ['Memory', bytes(status.rssBytes)],
    ['Lag, p99', `${status.lagP99Ms} ms`],
  ]
  if (tiles.children.length === 0)
    for (const [name] of entries) tiles.append(el('div', {}, el('dt', {}, name), el('dd', {})))
  entries.forEach(([, value], index) => {
    const shown = tiles.children[index]!.lastElementChild!
    if (shown.textContent !== value) shown.textContent = value
  })
}

function blockRow(block: Block): HTMLElement {
  const number = Number(block.number)
  const { length } = block.transactions
  return el(
    'li',
    {},
    link(`block/${number}`, count(number)),
    el(
      'span',
      { class: length === 0 ? 'grow muted' : 'grow' },
      `${length} ${length === 1 ? 'transaction' : 'transactions'}`,
    ),
    el('time', { class: 'muted', 'data-ms': String(Number(block.timestamp) * 1000) }),
  )
}

function transactionRow(transaction: Transaction): HTMLElement {
  const { hash, from, to, value } = transaction
  return el(
    'li',
    {},
    link(`tx/${hash}`, short(hash)),
    el(
      'span',
      { class: 'grow parties' },
      link(`address/${from}`, short(from)),
      ' → ',
      to ? link(`address/${to}`, short(to)) : 'new contract',
    ),
    el('span', {}, `${coins(value)} ZOS`),
  )
}

/** A list whose newest rows come in on top. It holds still while somebody points at it or has focus in it. */
function createFeed(empty: string) {
  const list = el('ol', { class: 'rows' })
  const note = el('p', { class: 'empty' }, empty)
  const element = el('div', {}, note, list)
  let held: HTMLElement[] = []
  const tick = () => {
    for (const time of list.querySelectorAll('time')) time.textContent = age(Number(time.dataset.ms))
  }
  const flush = () => {
    if (held.length === 0 || list.matches(':hover, :focus-within')) return
    list.prepend(...held)
    held = []
    note.hidden = true
    while (list.children.length > ROWS) list.lastElementChild!.remove()
    tick()
  }
  list.addEventListener('pointerleave', flush)
  return {
    element,
    tick,
    /** `rows`, newest first, go above those that are there. */
    add(rows: HTMLElement[]) {
      held = [...rows, ...held].slice(0, ROWS)
      flush()
    },
  }
}

/** While a call of `work` runs, others wait for it instead of starting a second. */
function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= work().finally(() => {
      running = undefined
    })
    return running
  }
}
