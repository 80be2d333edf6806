import { card, el, link } from '../element.ts'
import { sayWhenFinal } from '../receipt.ts'
import { call } from '../rpc.ts'

/** Gives coins of a local network to an account. */
export async function faucetPage(address: string | undefined, signal: AbortSignal): Promise<HTMLElement> {
  const input = el('input', {
    name: 'address',
    required: '',
    pattern: '0x[0-9a-fA-F]{40}',
    placeholder: '0x…',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-label': 'Address of the account',
    value: address ?? '',
  })
  const answer = el('p', { class: 'text', role: 'status' })
  const form = el('form', { class: 'ask' }, input, el('button', { type: 'submit' }, 'Send 100 ZOS'))
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    answer.replaceChildren('Sending …')
    try {
      const hash = await call<string>('zos_dev_faucet', input.value.trim())
      answer.replaceChildren('Sent with ', link(`tx/${hash}`, hash), '.')
      sayWhenFinal(hash, answer, signal)
    } catch (error) {
      answer.replaceChildren(el('span', { class: 'bad' }, (error as Error).message))
    }
  })
  return el(
    'div',
    {},
    el('h1', {}, 'Faucet'),
    card(
      'Coins for a local network',
      el('p', { class: 'text muted' }, 'These coins are worth nothing: they exist on this network alone.'),
      form,
      answer,
    ),
  )
}
