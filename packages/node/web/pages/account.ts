import { card, el, fields, link } from '../element.ts'
import { bytes, coins, count, short } from '../format.ts'
import type { ActivityEntry, Creation, Status, Transaction, TransferEntry } from '../ledger.ts'
import { listing, NO_INDEX } from '../listing.ts'
import { call, onHead } from '../rpc.ts'
import { tokenAmount, tokenOf } from '../token.ts'

const ZERO = `0x${'0'.repeat(40)}`

export async function accountPage(given: string, signal: AbortSignal): Promise<HTMLElement> {
  const address = given.toLowerCase()
  const overview = el('div')
  let shown = ''
  const draw = async () => {
    const [balance, nonce, code, { devnet }] = await Promise.all([
      call<string>('eth_getBalance', address, 'latest'),
      call<string>('eth_getTransactionCount', address, 'latest'),
      call<string>('eth_getCode', address, 'latest'),
      call<Status>('zos_status'),
    ])
    const now = `${balance}${nonce}${code.length}`
    if (now === shown) return
    shown = now
    const creation =
      code === '0x' ? null : await call<Creation | null>('zos_getContractCreation', address).catch(() => null)
    const token = code === '0x' ? undefined : await tokenOf(address)
    overview.replaceChildren(
      el('h1', {}, code === '0x' ? 'Account' : token ? `Token ${token.name}` : 'Contract'),
      card(
        'At the newest block',
        fields([
          ['Address', el('code', {}, address)],
          ['Balance', `${coins(balance)} ZOS`],
          ['Nonce', count(nonce)],
          ['Code', code === '0x' ? 'none' : `yes, ${bytes(code.length / 2 - 1)}`],
          ['Symbol', token?.symbol],
          ['Decimals', token?.decimals],
          ['Supply', token?.supply === undefined ? null : tokenAmount(token.supply.toString(), token.decimals)],
          [
            'Made by',
            creation &&
              el(
                'span',
                {},
                link(`address/${creation.creator}`, creation.creator),
                ' in ',
                link(`tx/${creation.hash}`, short(creation.hash)),
              ),
          ],
          ['Faucet', devnet && code === '0x' ? link(`faucet/${address}`, 'get 100 ZOS', '') : null],
        ]),
      ),
    )
  }
  await draw()
  onHead(() => void draw().catch(() => {}), signal)
  const [transactions, transfers] = await Promise.all([transactionsOf(address), transfersOf(address)])
  return el(
    'div',
    {},
    overview,
    card('Transactions', transactions ?? el('p', { class: 'empty' }, NO_INDEX)),
    transfers ? card('Token transfers', transfers) : null,
  )
}

function transactionsOf(address: string): Promise<HTMLElement | undefined> {
  return listing<ActivityEntry>(
    ['Hash', 'Block', 'From', '', 'To', 'Value, ZOS'],
    'None that the index knows.',
    'zos_getTransactionsOf',
    [address],
    async ({ hash, block }) => {
      const transaction = await call<Transaction | null>('eth_getTransactionByHash', hash)
      return [
        link(`tx/${hash}`, short(hash)),
        link(`block/${block}`, count(block)),
        transaction && party(transaction.from, address),
        transaction && direction(transaction.from, transaction.to, address),
        transaction && (transaction.to ? party(transaction.to, address) : 'new contract'),
        transaction && coins(transaction.value),
      ]
    },
  )
}

function transfersOf(address: string): Promise<HTMLElement | undefined> {
  return listing<TransferEntry>(
    ['Transaction', 'From', '', 'To', 'Amount', 'Token'],
    'None that the index knows.',
    'zos_getTransfersOf',
    [address],
    async ({ hash, from, to, amount, id, token, standard }) => {
      const about = await tokenOf(token)
      return [
        link(`tx/${hash}`, short(hash)),
        from === ZERO ? 'minted' : party(from, address),
        direction(from, to, address),
        to === ZERO ? 'burned' : party(to, address),
        amountOf(standard, amount, id, about?.decimals),
        link(`address/${token}`, about?.symbol ?? short(token), ''),
      ]
    },
  )
}

/** An ERC-721 moves one thing with a number, an ERC-1155 so many of a kind. */
function amountOf(standard: TransferEntry['standard'], amount: string, id: string | null, decimals?: number): string {
  if (standard === 'erc721') return `no. ${count(amount)}`
  return standard === 'erc1155' ? `${count(amount)} of no. ${count(id!)}` : tokenAmount(amount, decimals)
}

function party(address: string, self: string): HTMLElement {
  return address === self ? el('span', { class: 'muted' }, 'this') : link(`address/${address}`, short(address))
}

/** Nothing for what merely concerns `self`: transfers of its token, its own making. */
function direction(from: string, to: string | null, self: string): HTMLElement | null {
  if (from === self) return el('span', { class: 'out' }, 'out')
  return to === self ? el('span', { class: 'in' }, 'in') : null
}
