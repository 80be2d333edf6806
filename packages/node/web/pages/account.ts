import { card, el, fields } from '../element.ts'
import { bytes, coins, count } from '../format.ts'
import { call, onHead } from '../rpc.ts'

export async function accountPage(address: string, signal: AbortSignal): Promise<HTMLElement> {
  const page = el('div')
  let shown = ''
  const draw = async () => {
    const [balance, nonce, code] = await Promise.all([
      call<string>('eth_getBalance', address, 'latest'),
      call<string>('eth_getTransactionCount', address, 'latest'),
      call<string>('eth_getCode', address, 'latest'),
    ])
    const now = `${balance}${nonce}${code.length}`
    if (now === shown) return
    shown = now
    page.replaceChildren(
      el('h1', {}, code === '0x' ? 'Account' : 'Contract'),
      card(
        'At the newest block',
        fields([
          ['Address', el('code', {}, address)],
          ['Balance', coins(balance)],
          ['Nonce', count(nonce)],
          ['Code', code === '0x' ? 'none' : `yes, ${bytes(code.length / 2 - 1)}`],
        ]),
      ),
    )
  }
  await draw()
  onHead(() => void draw().catch(() => {}), signal)
  return page
}
