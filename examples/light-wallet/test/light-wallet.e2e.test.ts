/** The wallet in a real browser and the balance service, against a network one of whose nodes lies. */
import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { type Devnet, startDevnet } from '@zos/node/devnet'
import { createLightNode } from '@zos/node/light'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startLiar } from '../src/liar.ts'
import { bundlePage, servePage } from '../src/page.ts'
import { balanceServer } from '../src/serve-balances.ts'

const executablePath =
  process.env.ZOS_CHROMIUM ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
/** Folder for pictures of the page; none are taken without it. */
const pictures = process.env.ZOS_SCREENSHOTS
const TO = `0x${'5a'.repeat(20)}`

let devnet: Devnet
let liar: Awaited<ReturnType<typeof startLiar>>
let sources: string[]
let browser: Browser | undefined

beforeAll(async () => {
  devnet = await startDevnet({ port: 0, roundIntervalMs: 250 })
  const [first, ...honest] = devnet.validators.map(({ rpcUrl }) => rpcUrl)
  liar = await startLiar(first!)
  sources = [liar.url, ...honest]
  if (executablePath)
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic'] })
})

afterAll(async () => {
  await browser?.close()
  await liar?.close()
  await devnet?.stop()
})

test.skipIf(!executablePath)(
  'the page sends, proves what it shows, and finds the liar out (skipped without Chromium; ZOS_CHROMIUM names one)',
  async () => {
    const keys = devnet.accounts
      .slice(0, 2)
      .map(({ privateKey }) => `0x${Buffer.from(privateKey).toString('hex')}` as const)
    const site = await servePage(await bundlePage({ chain: devnet.genesis, sources, keys }), 0)
    const page = await browser!.newPage({ viewport: { width: 1000, height: 760 } })
    page.setDefaultTimeout(120_000)
    try {
      await page.goto(site.url)
      await page.getByText('10000 ZOS').waitFor()
      await page.getByLabel('To', { exact: true }).fill(TO)
      await page.getByLabel('Amount, ZOS').fill('1.5')
      await page.getByRole('button', { name: 'Send' }).click()
      await page.getByText('the receipt is proved').waitFor()
      await page.getByText(/^9998\.4999\d* ZOS$/).waitFor()

      const banned = page.getByRole('listitem').filter({ hasText: 'banned' })
      await banned.waitFor()
      expect(await banned.locator('code').textContent()).toBe(liar.url)
      await page.getByText(/^9998\.4999\d* ZOS$/).waitFor()
      if (pictures) await page.screenshot({ path: `${pictures}/light-wallet.png` })
    } finally {
      await page.close()
      await site.close()
    }
  },
)

test('the service answers what it has proved, and says at which block', async () => {
  await using node = await createLightNode({ chain: devnet.genesis, sources })
  const server = balanceServer(node)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const ask = (path: string) => fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`)
  try {
    await node.ready({ timeoutMs: 120_000 })
    const { address } = devnet.accounts[2]!
    const answer = await ask(`/balance/${address}`)
    expect(answer.status).toBe(200)
    const { wei, block, hash } = (await answer.json()) as { wei: string; block: number; hash: string }
    expect(wei).toBe((10n ** 22n).toString())
    expect(block).toBeGreaterThan(0)
    expect(hash).toMatch(/^0x[0-9a-f]{64}$/)
    expect((await ask('/balance/somebody')).status).toBe(404)
  } finally {
    await new Promise((resolve) => server.close(resolve).closeAllConnections())
  }
})
