import { card, el, fields, link } from '../element.ts'
import { coins } from '../format.ts'
import { sayWhenFinal } from '../receipt.ts'
import { call, onHead } from '../rpc.ts'
import { connect, findWallets, type Wallet, weiOf } from '../wallet.ts'

/** Sends coins with a wallet of this browser: it keeps the keys and signs; this page sees an address. */
export async function walletPage(signal: AbortSignal): Promise<HTMLElement> {
  const answer = el('p', { class: 'text', role: 'status' })
  const content = el('div')
  const wallets = await findWallets()
  const buttons = wallets.map((wallet) => {
    const button = el('button', { type: 'button' }, wallet.name)
    button.addEventListener('click', async () => {
      answer.replaceChildren('Waiting for the wallet …')
      try {
        const account = await connect(wallet, await call<string>('eth_chainId'))
        answer.replaceChildren()
        content.replaceChildren(await connected(wallet, account, answer, signal))
      } catch (error) {
        answer.replaceChildren(el('span', { class: 'bad' }, (error as Error).message))
      }
    })
    return button
  })
  content.append(
    wallets.length > 0
      ? el('div', { class: 'ask' }, ...buttons)
      : el('p', { class: 'empty' }, 'No wallet is installed in this browser.'),
  )
  return el('div', {}, el('h1', {}, 'Wallet'), card('Send coins', content, answer))
}

async function connected(
  { provider }: Wallet,
  account: string,
  answer: HTMLElement,
  signal: AbortSignal,
): Promise<HTMLElement> {
  const balance = el('span')
  const draw = async () =>
    balance.replaceChildren(`${coins(await call<string>('eth_getBalance', account, 'latest'))} ZOS`)
  await draw()
  onHead(() => void draw().catch(() => {}), signal)
  const input = (name: string, label: string, pattern: string, placeholder: string) =>
    el('input', {
      name,
      required: '',
      pattern,
      placeholder,
      autocomplete: 'off',
      spellcheck: 'false',
      'aria-label': label,
    })
  const to = input('to', 'Address of the receiver', '0x[0-9a-fA-F]{40}', '0x…')
  const amount = input('amount', 'Amount in ZOS', '[0-9]{1,20}([.][0-9]{1,18})?', '1.5')
  const form = el('form', { class: 'ask' }, to, amount, el('button', { type: 'submit' }, 'Send'))
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const value = weiOf(amount.value)
    if (value === undefined) return
    answer.replaceChildren('Waiting for the wallet …')
    try {
      const transaction = { from: account, to: to.value.trim(), value: `0x${value.toString(16)}` }
      const hash = (await provider.request({ method: 'eth_sendTransaction', params: [transaction] })) as string
      answer.replaceChildren('Sent with ', link(`tx/${hash}`, hash), '.')
      sayWhenFinal(hash, answer, signal)
    } catch (error) {
      answer.replaceChildren(el('span', { class: 'bad' }, (error as Error).message))
    }
  })
  return el(
    'div',
    {},
    fields([
      ['Account', link(`address/${account}`, account)],
      ['Balance', balance],
    ]),
    form,
  )
}
