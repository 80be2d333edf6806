/** The explorer of a node: pages by the hash of the address (`#/block/12`), data from the node itself. */
import { el } from './element.ts'
import type { Status } from './ledger.ts'
import { accountPage } from './pages/account.ts'
import { blockPage } from './pages/block.ts'
import { blocksPage } from './pages/blocks.ts'
import { conflictsPage } from './pages/conflicts.ts'
import { faucetPage } from './pages/faucet.ts'
import { homePage } from './pages/home.ts'
import { termsPage } from './pages/terms.ts'
import { transactionPage } from './pages/transaction.ts'
import { unitPage } from './pages/unit.ts'
import { validatorsPage } from './pages/validators.ts'
import { walletPage } from './pages/wallet.ts'
import { call, followHeads, type LinkState } from './rpc.ts'
import { search } from './search.ts'

type Page = (id: string, signal: AbortSignal) => Promise<HTMLElement | undefined>

const pages: { pattern: RegExp; title: string; page: Page }[] = [
  { pattern: /^$/, title: '', page: (_, signal) => homePage(signal) },
  { pattern: /^block\/(\d{1,15}|0x[0-9a-f]{64})$/i, title: 'Block', page: blockPage },
  { pattern: /^tx\/(0x[0-9a-f]{64})$/i, title: 'Transaction', page: transactionPage },
  { pattern: /^unit\/(0x[0-9a-f]{64})$/i, title: 'Unit', page: unitPage },
  { pattern: /^blocks(?:\/(\d{1,15}))?$/, title: 'Blocks', page: blocksPage },
  { pattern: /^conflicts$/, title: 'Conflicts', page: () => conflictsPage() },
  { pattern: /^terms$/, title: 'Terms', page: (_, signal) => termsPage(signal) },
  { pattern: /^validators$/, title: 'Validators', page: (_, signal) => validatorsPage(signal) },
  { pattern: /^wallet$/, title: 'Wallet', page: (_, signal) => walletPage(signal) },
  { pattern: /^faucet(?:\/(0x[0-9a-f]{40}))?$/i, title: 'Faucet', page: faucetPage },
  { pattern: /^address\/(0x[0-9a-f]{40})$/i, title: 'Address', page: accountPage },
]

const byId = <T extends HTMLElement>(id: string) => document.getElementById(id) as T
const main = byId('main')
const notice = byId('notice')
const query = byId<HTMLInputElement>('query')
const linkState = byId('link')

function say(text: string): void {
  notice.textContent = text
  notice.hidden = text === ''
}

let leaving = new AbortController()
let first = true

async function show(): Promise<void> {
  if (location.hash === '#main') return
  leaving.abort()
  leaving = new AbortController()
  const { signal } = leaving
  const path = location.hash.replace(/^#\/?/, '')
  for (const one of byId('nav').querySelectorAll('a')) {
    const here = one.hash.replace(/^#\/?/, '')
    if (here === path.split('/')[0]) one.setAttribute('aria-current', 'page')
    else one.removeAttribute('aria-current')
  }
  const route = pages.find(({ pattern }) => pattern.test(path))
  say('')
  let content: HTMLElement | undefined
  try {
    const id = route?.pattern.exec(path)?.[1] ?? ''
    content = await route?.page(id, signal)
    if (signal.aborted) return
    document.title = route?.title ? `${`${route.title} ${id}`.trim()} · ZOS explorer` : 'ZOS explorer'
  } catch (error) {
    if (signal.aborted) return
    say((error as Error).message)
  }
  main.replaceChildren(
    content ??
      el(
        'div',
        {},
        el('h1', {}, 'Nothing here'),
        el('p', { class: 'muted' }, `This node knows no ${path || 'such page'}.`),
      ),
  )
  if (!first) {
    main.focus({ preventScroll: true })
    scrollTo(0, 0)
  }
  first = false
}

byId('search').addEventListener('submit', async (event) => {
  event.preventDefault()
  if (query.value.trim() === '') return query.focus()
  try {
    const path = await search(query.value)
    if (path === undefined) return say(`Nothing found for “${query.value.trim().slice(0, 80)}”.`)
    query.value = ''
    if (location.hash === `#/${path}`) await show()
    else location.hash = `#/${path}`
  } catch (error) {
    say((error as Error).message)
  }
})

addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || document.activeElement === query) return
  event.preventDefault()
  query.focus()
})

const words: Record<LinkState, string> = { live: 'live', polling: 'polling', offline: 'node unreachable' }
followHeads((state) => {
  linkState.className = `link ${state}`
  if (linkState.textContent !== words[state]) linkState.textContent = words[state]
})
call<Status>('zos_status').then(
  ({ devnet }) => {
    byId('faucet').hidden = !devnet
  },
  () => {},
)
addEventListener('hashchange', () => void show())
void show()
