/** The game deployed on ZOS's own node and played by two players in a real browser. */
import { existsSync } from 'node:fs'
import { type Devnet, startDevnet } from '@zos/node/devnet'
import { MAX_CONTRACT_BYTES, MAX_TRANSACTION_GAS, type SplitContract } from '@zos/zlib-contracts'
import { JsonRpcProvider, Wallet } from 'ethers'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildWorld } from '../src/build.ts'
import { deployWorld, type WorldDeployment } from '../src/deploy.ts'
import { bundlePage, servePage } from '../src/page.ts'

const executablePath =
  process.env.ZOS_CHROMIUM ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
/** Folder for pictures of the page; none are taken without it. */
const pictures = process.env.ZOS_SCREENSHOTS

let devnet: Devnet
let provider: JsonRpcProvider
let split: SplitContract
let world: WorldDeployment
let site: Awaited<ReturnType<typeof servePage>>
let browser: Browser | undefined
const key = (index: number): `0x${string}` => `0x${Buffer.from(devnet.accounts[index]!.privateKey).toString('hex')}`

beforeAll(async () => {
  split = (await buildWorld()).split
  devnet = await startDevnet({ port: 0, validators: 1, roundIntervalMs: 50 })
  provider = new JsonRpcProvider(devnet.rpcUrl, undefined, { cacheTimeout: -1 })
  provider.pollingInterval = 50
  world = await deployWorld(split, new Wallet(key(0), provider))
  const html = await bundlePage({ rpcUrl: devnet.rpcUrl, world: world.address, keys: [key(1), key(2)] })
  site = await servePage(html, 0)
  if (executablePath)
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic'] })
}, 600_000)

afterAll(async () => {
  await browser?.close()
  await site?.close()
  provider?.destroy()
  await devnet?.stop()
})

test('stands at one address: more than 150 functions and 100 kB, in pieces that a chain takes', async () => {
  const functions = split.facets.reduce((sum, { selectors }) => sum + selectors.length, 0)
  expect(functions).toBeGreaterThan(150)
  expect(split.facets.reduce((sum, { size }) => sum + size, 0)).toBeGreaterThan(100_000)
  for (const address of [world.address, ...split.facets.map((facet) => facet.address)]) {
    const size = (await provider.getCode(address)).length / 2 - 1
    expect(size).toBeGreaterThan(0)
    expect(size).toBeLessThanOrEqual(MAX_CONTRACT_BYTES)
  }
  for (let block = 1; block <= (await provider.getBlockNumber()); block++)
    for (const hash of (await provider.getBlock(block))!.transactions)
      expect(Number((await provider.getTransactionReceipt(hash))!.gasUsed)).toBeLessThan(Number(MAX_TRANSACTION_GAS))
})

/** A player's browser. */
async function enter(index: number, name: string, viewport = { width: 1180, height: 860 }, taken = '') {
  const page = await browser!.newPage({ viewport })
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(String(error)))
  await page.goto(`${site.url}?player=${index}`)
  if (taken) {
    // A refusal is told in words.
    await page.getByLabel('Name of your hero').fill(taken)
    await expect(press(page, 'Enter')).rejects.toThrow('Another hero has that name.')
    await page.waitForSelector('#notice', { state: 'hidden' })
  }
  await page.getByLabel('Name of your hero').fill(name)
  await press(page, 'Enter')
  await page.waitForSelector('body[data-part=Land]')
  return { page, problems }
}

/** Presses a button and waits until what it does stands in a block and the page is drawn again. Fails with the world's reason. */
async function press(page: Page, name: string | RegExp, within?: string) {
  const scope = within ? page.locator('.row', { hasText: within }) : page.locator('main')
  await scope
    .getByRole('button', { name, exact: typeof name === 'string' })
    .first()
    .click()
  await page.waitForFunction(() => !document.body.dataset.busy, undefined, { timeout: 60_000 })
  const notice = page.locator('#notice.bad')
  if (await notice.isVisible()) throw new Error(`${name}: ${await notice.textContent()}`)
}

async function open(page: Page, part: string) {
  await page.locator('nav').getByRole('button', { name: part, exact: true }).click()
  await page.waitForSelector(`body[data-part=${part}]`)
}

const stat = async (page: Page, label: string) => {
  const text = await page.locator('#stats span', { hasText: label }).locator('b').textContent()
  return Number(text)
}
const carried = async (page: Page, item: number) => {
  await open(page, 'Items')
  const place = page.locator(`[data-item="${item}"] b`)
  return (await place.count()) ? Number(await place.textContent()) : 0
}

test.skipIf(!executablePath)(
  'is played: land, quests, items, a hunt, and trade between two players',
  async () => {
    const { page, problems } = await enter(0, 'Ann')
    expect(await stat(page, 'gold')).toBe(50)

    // A quest: accept, gather twice, complete.
    await open(page, 'Quests')
    await press(page, 'Collect')
    await press(page, 'Accept', 'First harvest')
    await open(page, 'Land')
    await press(page, 'Gather')
    await press(page, 'Gather')
    await open(page, 'Quests')
    await press(page, 'Complete', 'First harvest')
    expect(await stat(page, 'gold')).toBe(50 + 1 + 6)
    expect(await page.locator('main').textContent()).toContain('Completed: First harvest')

    // Land: somewhere that is no lake, claimed and built on.
    await open(page, 'Land')
    const tile = page.locator('[aria-label^="Plain at"], [aria-label^="Forest at"]').first()
    const at = (await tile.getAttribute('data-at'))!
    await tile.click()
    await page.waitForSelector(`.tile.picked[data-at="${at}"]`)
    if (!(await page.locator(`.tile.here[data-at="${at}"]`).count())) await press(page, 'Travel here')
    await press(page, 'Claim')
    expect(await stat(page, 'gold')).toBe(47)
    await press(page, 'Build')
    await page.waitForSelector(
      `.tile.mine[data-at="${at}"][aria-label^="Farm"], .tile.mine[data-at="${at}"][aria-label^="Sawmill"]`,
    )
    if (pictures) await page.screenshot({ path: `${pictures}/land.png` })

    // The exchange, the workshop and what it makes.
    await open(page, 'Market')
    await press(page, 'Buy 1', 'Grain')
    await press(page, 'Buy 1', 'Grain')
    if (pictures) await page.screenshot({ path: `${pictures}/market.png` })
    const breads = await carried(page, 13)
    await press(page, 'Craft', 'Bread')
    expect(await carried(page, 13)).toBe(breads + 1)
    if (pictures) await page.screenshot({ path: `${pictures}/items.png` })

    // A hunt in two steps, with a block in between.
    await open(page, 'Hunt')
    await press(page, 'Set out', 'Marsh rat')
    const setOut = await provider.getBlockNumber()
    while ((await provider.getBlockNumber()) < setOut + 3) await new Promise((resolve) => setTimeout(resolve, 20))
    await press(page, 'Strike')
    expect(await page.locator('main').textContent()).toContain('Wolf')

    // Ann offers bread, Ben (on a telephone, in the dark) buys one.
    await open(page, 'Market')
    await page.getByLabel('Item').selectOption('13')
    await page.getByLabel('Amount').fill('2')
    await page.getByLabel('Price of one').fill('2.5')
    await press(page, 'Offer')
    expect(await page.locator('main').textContent()).toContain('2 Bread at 2.5 gold each')
    const before = await stat(page, 'gold')
    const ben = await enter(1, 'Ben', { width: 390, height: 844 }, 'Ann')
    await ben.page.emulateMedia({ colorScheme: 'dark' })
    await open(ben.page, 'Market')
    await press(ben.page, 'Buy 1', '2 Bread at 2.5 gold each')
    expect(await stat(ben.page, 'gold')).toBe(47.5)
    expect(await carried(ben.page, 13)).toBe(4)
    if (pictures) {
      for (const part of ['Land', 'Quests', 'Items', 'Hunt', 'Market', 'Ranking']) {
        await open(ben.page, part)
        await ben.page.screenshot({ path: `${pictures}/phone-${part.toLowerCase()}.png` })
      }
    }
    await open(page, 'Ranking')
    expect(await stat(page, 'gold')).toBe(before + 2.5)
    expect(await page.locator('main').textContent()).toMatch(/Ann \(you\)/)
    const fits = () =>
      [document.documentElement, ...document.querySelectorAll('nav button')].every(
        (one) => Math.max(one.scrollWidth, one.getBoundingClientRect().right) <= innerWidth,
      )
    expect(await ben.page.evaluate(fits)).toBe(true)

    expect([...problems, ...ben.problems]).toEqual([])
  },
  600_000,
)
