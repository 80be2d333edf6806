import { createLightNode, type LightChain, type LightStatus } from '@zos/node/light'
import { createPublicClient, createWalletClient, custom, defineChain, formatEther, type Hex, parseEther } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'

interface Config {
  readonly chain: LightChain
  readonly sources: readonly string[]
  readonly keys: readonly Hex[]
}

const SHOWN_BLOCKS = 8
const STATUS_MS = 500
const byId = <E extends HTMLElement = HTMLElement>(id: string) => document.getElementById(id) as E
const config: Config = JSON.parse(byId('config').textContent!)

const node = await createLightNode({ chain: config.chain, sources: config.sources })

// From here on viem talks to the light node as it would to any wallet or node.
const transport = custom(node.provider)
const chain = defineChain({
  id: config.chain.chainId,
  name: 'ZOS',
  nativeCurrency: { name: 'ZOS', symbol: 'ZOS', decimals: 18 },
  rpcUrls: { default: { http: [] } },
})
const client = createPublicClient({ chain, transport, pollingInterval: STATUS_MS })
const accounts = config.keys.map((key) => privateKeyToAccount(key))
const select = byId<HTMLSelectElement>('account')
select.append(...accounts.map(({ address }) => new Option(address, address)))
const chosen = () => accounts[Math.max(0, select.selectedIndex)]!

function line(...parts: (Node | string)[]): HTMLLIElement {
  const item = document.createElement('li')
  item.append(...parts)
  return item
}

function span(text: string, className: string, tag: 'span' | 'code' = 'span'): HTMLElement {
  return Object.assign(document.createElement(tag), { textContent: text, className })
}

function showStatus({ phase, head, finalized, sources, error }: LightStatus): void {
  const heights = head ? `, block ${head.number}${finalized ? `, checkpoint ${finalized.number}` : ''}` : ''
  byId('state').textContent = error ? error.message : `${phase}${heights}`
  byId('sources').replaceChildren(
    ...sources.map(({ id, state, reason }) =>
      line(span(id, '', 'code'), span(state, state), ...(reason ? [span(reason, 'muted')] : [])),
    ),
  )
}

async function showBalance(): Promise<void> {
  const { address } = chosen()
  const { head } = node.status
  if (head === undefined) return
  const { value } = await node.getBalance(address, { at: `0x${head.number.toString(16)}` })
  if (address !== chosen().address) return
  byId('balance').textContent = `${formatEther(value)} ZOS`
  byId('proof').textContent =
    `proved at block ${head.number}, which validators with two thirds of the stake have signed`
}

const complain = (error: unknown) => {
  byId('proof').textContent = (error as Error).message
}

byId('send').addEventListener('submit', async (event) => {
  event.preventDefault()
  const form = event.target as HTMLFormElement
  const button = form.querySelector('button')!
  const say = (text: string, className = 'muted') => Object.assign(byId('sent'), { textContent: text, className })
  button.disabled = true
  try {
    say('Sending …')
    const wallet = createWalletClient({ chain, transport, account: chosen() })
    const hash = await wallet.sendTransaction({
      to: byId<HTMLInputElement>('to').value as Hex,
      value: parseEther(byId<HTMLInputElement>('amount').value),
    })
    say(`Sent as ${hash}; waiting for its receipt …`)
    const { status, blockNumber } = await client.waitForTransactionReceipt({ hash })
    say(`${status === 'success' ? 'Arrived' : 'Failed'} in block ${blockNumber}: the receipt is proved.`)
    await showBalance()
  } catch (error) {
    say((error as { shortMessage?: string }).shortMessage ?? (error as Error).message, 'muted bad')
  }
  button.disabled = false
})
select.addEventListener('change', () => void showBalance().catch(complain))

setInterval(() => showStatus(node.status), STATUS_MS)
for await (const { number, hash, timeMs } of node.heads()) {
  const blocks = byId('blocks')
  const time = new Date(timeMs).toLocaleTimeString()
  blocks.prepend(line(String(number), span(hash, '', 'code'), span(time, 'muted')))
  while (blocks.children.length > SHOWN_BLOCKS) blocks.lastElementChild!.remove()
  await showBalance().catch(complain)
}
