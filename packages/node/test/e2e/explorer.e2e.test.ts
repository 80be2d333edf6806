import { existsSync } from 'node:fs'
import { privateKeyHex } from '@zos/node'
import { type Devnet, startDevnet } from '@zos/node/devnet'
import { type BaseContract, ContractFactory, JsonRpcProvider, parseEther, Wallet } from 'ethers'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileToken } from './contracts/token.ts'
import { eventually, rpc } from './wait.ts'

const executablePath = process.env.ZOS_CHROMIUM ?? '/usr/bin/chromium'
const reason = existsSync(executablePath) ? '' : ` (skipped: no Chromium at ${executablePath})`

let devnet: Devnet
let provider: JsonRpcProvider

beforeAll(async () => {
  devnet = await startDevnet({ port: 0, validators: 4, roundIntervalMs: 100 })
  provider = new JsonRpcProvider(devnet.rpcUrl)
  provider.pollingInterval = 200
})

afterAll(async () => {
  provider?.destroy()
  await devnet?.stop()
})

async function transfer(value: string): Promise<string> {
  const wallet = new Wallet(privateKeyHex(devnet.accounts[0]!), provider)
  const sent = await wallet.sendTransaction({ to: devnet.accounts[1]!.address, value: parseEther(value) })
  await sent.wait()
  return sent.hash
}

test('the port serves the page at / under a strict policy, nothing at other paths, and JSON-RPC as before', async () => {
  const page = await fetch(`${devnet.rpcUrl}/?q=1`)
  expect(page.status).toBe(200)
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.headers.get('content-security-policy')).toMatch(
    /default-src 'none'; script-src 'sha256-[^']+'; style-src/,
  )
  expect(await page.text()).toContain('<title>ZOS explorer</title>')
  expect((await fetch(`${devnet.rpcUrl}/favicon.ico`)).status).toBe(404)
  expect((await fetch(devnet.rpcUrl, { method: 'PUT', body: '' })).status).toBe(405)
  expect(await rpc(devnet.rpcUrl, 'eth_chainId')).toMatch(/^0x/)
})

test('zos_getUnits gives the units of a range of rounds as they become final, and refuses what is no range', async () => {
  const range = { fromRound: 1, toRound: 6 }
  const units = await eventually(async () => {
    const found: any[] = await rpc(devnet.rpcUrl, 'zos_getUnits', range)
    return found.some(({ round }) => round === 6) && found.every(({ block }) => block !== null) && found
  }, 'six final rounds')
  for (const unit of units) {
    const { leader, ...rest } = unit
    expect(rest).toEqual(await rpc(devnet.rpcUrl, 'zos_getUnit', unit.id))
    const block = await rpc(devnet.rpcUrl, 'zos_getBlockUnits', `0x${unit.block.toString(16)}`)
    expect(leader).toBe(block.leader === unit.id)
    expect(block.units.map(({ id }: { id: string }) => id)).toContain(unit.id)
  }
  const chain = units.filter(({ mainChain }) => mainChain).map(({ mci }) => mci)
  expect(new Set(chain).size).toBe(chain.length)
  expect(units.filter(({ leader }) => leader).every(({ mainChain }) => mainChain)).toBe(true)
  expect(await rpc(devnet.rpcUrl, 'zos_getUnits', { fromRound: 9_000_000, toRound: 9_000_063 })).toEqual([])
  for (const wrong of [
    undefined,
    [1, 2],
    {},
    { fromRound: 1 },
    { fromRound: '0x1', toRound: 2 },
    { fromRound: -1, toRound: 2 },
    { fromRound: 0.5, toRound: 2 },
    { fromRound: 3, toRound: 2 },
    { fromRound: 1, toRound: 65 },
    { fromRound: 1, toRound: 2 ** 53 },
  ])
    await expect(rpc(devnet.rpcUrl, 'zos_getUnits', wrong)).rejects.toMatchObject({ code: -32602 })
})

describe.skipIf(reason !== '')(`in headless Chromium${reason}`, () => {
  let browser: Browser

  beforeAll(async () => {
    const { chromium } = await import('playwright-core')
    browser = await chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
  })

  afterAll(() => browser?.close())

  /** Opens the explorer and runs `visit`; then nothing may have gone wrong or elsewhere. */
  async function visiting(
    { width, height, colorScheme }: { width: number; height: number; colorScheme: 'light' | 'dark' },
    visit: (page: Page) => Promise<void>,
  ): Promise<void> {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme })
    const page = await context.newPage()
    const complaints: string[] = []
    const elsewhere: string[] = []
    const look = (url: string) => {
      if (!url.startsWith('data:') && new URL(url).host !== new URL(devnet.rpcUrl).host) elsewhere.push(url)
    }
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('request', (request) => look(request.url()))
    page.on('websocket', (socket) => look(socket.url()))
    try {
      await page.goto(devnet.rpcUrl)
      await visit(page)
      expect(complaints).toEqual([])
      expect(elsewhere).toEqual([])
    } finally {
      await context.close()
    }
  }

  /** A picture of the page in the folder that ZOS_SCREENSHOTS names, to look at. */
  async function picture(page: Page, name: string): Promise<void> {
    const folder = process.env.ZOS_SCREENSHOTS
    if (folder) await page.screenshot({ path: `${folder}/explorer-${name}.png`, fullPage: true })
  }

  const field = (page: Page, name: string) =>
    page.locator('dt', { hasText: new RegExp(`^${name}$`) }).locator('xpath=following-sibling::dd[1]')

  async function search(page: Page, query: string, heading: string): Promise<void> {
    await page.getByRole('searchbox').fill(query)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: heading }).waitFor()
  }

  test('a transfer appears by itself; search opens it and shows its unit, height and index', async () => {
    await visiting({ width: 1280, height: 900, colorScheme: 'light' }, async (page) => {
      await page.locator('#link.live').waitFor()
      const hash = await transfer('1.25')
      await page.locator(`a[href="#/tx/${hash}"]`).waitFor()
      await page.waitForTimeout(3_000) // rounds to fill the picture; nothing below depends on it
      await picture(page, 'light')

      await search(page, hash, 'Transaction')
      const place = await rpc(devnet.rpcUrl, 'zos_getTransactionUnit', hash)
      const plain = (text: string) => text.replaceAll(',', '')
      expect(await field(page, 'Status').textContent()).toBe('succeeded')
      expect(await field(page, 'Unit').textContent()).toBe(place.unit)
      expect(plain((await field(page, 'Height').textContent())!)).toBe(String(place.height))
      expect(plain((await field(page, 'Main-chain index').textContent())!)).toBe(String(place.mci))
      expect(await field(page, 'Value').textContent()).toBe('1.25 ZOS')
      await picture(page, 'transaction')

      await field(page, 'Unit').getByRole('link').click()
      await page.getByRole('heading', { level: 1, name: 'Unit' }).waitFor()
      expect(await field(page, 'Id').textContent()).toBe(place.unit)
      await search(page, String(place.block), `Block ${place.block.toLocaleString('en')}`)
      await page.locator(`a[href="#/tx/${hash}"]`).waitFor()
      await picture(page, 'block')
      await page.goBack()
      await page.getByRole('heading', { level: 1, name: 'Unit' }).waitFor()

      await search(page, devnet.accounts[0]!.address, 'Account')
      expect(Number(await field(page, 'Nonce').textContent())).toBe(
        await provider.getTransactionCount(devnet.accounts[0]!.address),
      )
      expect(await field(page, 'Code').textContent()).toBe('none')
      await page.getByRole('searchbox').fill('no such thing')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').filter({ hasText: 'Nothing found for “no such thing”.' }).waitFor()
    })
  })

  test('the keyboard walks the DAG: a unit tells its index, Enter opens it', async () => {
    await visiting({ width: 1280, height: 900, colorScheme: 'dark' }, async (page) => {
      const canvas = page.getByRole('application')
      await canvas.focus()
      await page.waitForTimeout(2_000) // rounds to fill the picture; nothing below depends on it
      await page.keyboard.press('ArrowLeft')
      await page.keyboard.press('ArrowLeft')
      const detail = page.locator('.detail')
      await detail.filter({ hasText: /Unit 0x\w+…\w+ of round \d+ by .* index \d+/ }).waitFor()
      await picture(page, 'dark')
      const path = await detail.locator('a[href^="#/unit/"]').getAttribute('href')
      await canvas.press('Enter')
      await page.getByRole('heading', { level: 1, name: 'Unit' }).waitFor()
      expect(new URL(page.url()).hash).toBe(path)
      expect(await field(page, 'Main-chain index').textContent()).toMatch(/^[\d,]+$/)
    })
  })

  test('without a WebSocket the page polls, and new blocks still appear', async () => {
    await visiting({ width: 1280, height: 900, colorScheme: 'light' }, async (page) => {
      await page.routeWebSocket(/.*/, (socket) => socket.close())
      await page.reload()
      await page.locator('#link.polling').waitFor()
      const hash = await transfer('2')
      await page.locator(`a[href="#/tx/${hash}"]`).waitFor()
    })
  })

  test('a pointer on a unit shows its index and block, at phone width and without a scroll bar at the bottom', async () => {
    await visiting({ width: 375, height: 760, colorScheme: 'light' }, async (page) => {
      const canvas = page.getByRole('application')
      await page.locator('#link.live').waitFor()
      await page.waitForTimeout(3_000) // rounds to fill the picture; the sweep below looks until it finds a unit
      const box = (await canvas.boundingBox())!
      await eventually(async () => {
        for (let x = box.x + 30; x < box.x + box.width; x += 12) {
          await page.mouse.move(x, box.y + box.height / 2 - 26)
          await page.waitForTimeout(40)
          if (/index \d+.*block \d+/.test((await page.locator('.tip:not([hidden])').allTextContents()).join()))
            return true
        }
        return false
      }, 'the hint of a final unit')
      await picture(page, 'phone')
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(375)
    })
  })

  test('an account lists its transactions and token transfers; a contract says who made it and what token it is', async () => {
    const { abi, bytecode } = compileToken()
    const wallet = new Wallet(privateKeyHex(devnet.accounts[2]!), provider)
    const token = (await new ContractFactory(abi, bytecode, wallet).deploy()) as BaseContract & {
      transfer(to: string, value: bigint): Promise<{ wait(): Promise<{ hash: string; blockNumber: number }> }>
    }
    await token.waitForDeployment()
    const { hash, blockNumber } = await (await token.transfer(devnet.accounts[3]!.address, parseEther('12.5'))).wait()
    await eventually(async () => (await rpc(devnet.rpcUrl, 'zos_indexStatus')).last >= blockNumber, 'the index')
    const address = (await token.getAddress()).toLowerCase()
    await visiting({ width: 1280, height: 900, colorScheme: 'light' }, async (page) => {
      await search(page, address, 'Token Honey')
      expect(await field(page, 'Symbol').textContent()).toBe('HNY')
      expect(await field(page, 'Supply').textContent()).toBe('1,000,000')
      expect(await field(page, 'Made by').textContent()).toContain(wallet.address.toLowerCase())
      await picture(page, 'token')
      await search(page, devnet.accounts[3]!.address, 'Account')
      const transfers = page.locator('section', { hasText: 'Token transfers' })
      await transfers.getByRole('link', { name: 'HNY' }).waitFor()
      expect(await transfers.locator('tbody tr').first().textContent()).toContain('12.5')
      await search(page, wallet.address, 'Account')
      await page.locator('section', { hasText: 'Transactions' }).first().locator(`a[href="#/tx/${hash}"]`).waitFor()
      await picture(page, 'account')
    })
  })

  test('validators, blocks and conflicts have their pages, in the dark too', async () => {
    await eventually(async () => Number(await rpc(devnet.rpcUrl, 'eth_blockNumber')) > 60, 'sixty blocks')
    await visiting({ width: 1280, height: 900, colorScheme: 'dark' }, async (page) => {
      await page.getByRole('navigation').getByRole('link', { name: 'Validators' }).click()
      await page.getByRole('heading', { level: 1, name: 'Validators' }).waitFor()
      for (const { address } of devnet.validators)
        await page.locator(`tr a[href="#/address/${address}"]`).first().waitFor()
      await picture(page, 'validators-dark')
      await page.getByRole('navigation').getByRole('link', { name: 'Blocks' }).click()
      await page.getByRole('heading', { level: 1, name: 'Blocks' }).waitFor()
      expect(await page.locator('tbody tr').count()).toBe(25)
      await page.getByRole('link', { name: 'older →' }).click()
      await page.getByRole('link', { name: '← newer' }).waitFor()
      await picture(page, 'blocks-dark')
      await page.getByRole('navigation').getByRole('link', { name: 'Conflicts' }).click()
      await page.getByText('every transaction of a final unit had its turn').waitFor()
    })
  })

  test('the page of terms ranks every validator, and lists the tickets for the next term with the units that carry them', async () => {
    await visiting({ width: 1280, height: 900, colorScheme: 'light' }, async (page) => {
      await page.getByRole('navigation').getByRole('link', { name: 'Terms' }).click()
      await page.getByRole('heading', { level: 1, name: 'Terms' }).waitFor()
      const tickets = page.locator('section', { hasText: 'Tickets for term' }).locator('tbody tr')
      // What a row shows is what the node tells of that ticket; rows go when a term ends.
      const unit = await eventually(async () => {
        const shown = await tickets.first().allTextContents()
        const { next } = await rpc(devnet.rpcUrl, 'zos_terms')
        if (shown.length === 0) return undefined
        const [first] = next.tickets
        const link = await tickets.first().locator(`a[href="#/unit/${first?.unit}"]`).count()
        const begins = (text: string) => shown[0]!.includes(text.slice(0, 6))
        return link === 1 && begins(first.hash) && begins(first.candidate) && first.unit
      }, 'a ticket')
      const ranking = page.locator('section', { hasText: /Term \d+ of epoch/ }).locator('tbody tr')
      const ranked = (await ranking.allTextContents()).map((text) => /0x[0-9a-f]{40}/.exec(text)?.[0])
      expect(new Set(ranked)).toEqual(new Set(devnet.validators.map(({ address }) => address)))
      await picture(page, 'terms')
      await search(page, unit, 'Unit')
      expect(await field(page, 'Id').textContent()).toBe(unit)
    })
  })

  test('two transactions with one nonce, sent to two validators: the page says which won and by which rule', async () => {
    const wallet = new Wallet(privateKeyHex(devnet.accounts[5]!))
    const raw = (value: bigint) =>
      wallet.signTransaction({
        type: 2,
        chainId: devnet.genesis.chainId,
        nonce: 0,
        to: devnet.accounts[6]!.address,
        value,
        gasLimit: 21_000n,
        maxFeePerGas: 10n ** 11n,
        maxPriorityFeePerGas: 1n,
      })
    const hashes = await Promise.all(
      [0, 1].map(async (index) =>
        rpc(devnet.validators[index]!.rpcUrl, 'eth_sendRawTransaction', await raw(BigInt(index + 1))),
      ),
    )
    const conflict = await eventually(async () => {
      const { entries } = await rpc(devnet.rpcUrl, 'zos_getConflicts')
      return entries.find(({ hash }: { hash: string }) => hashes.includes(hash))
    }, 'the conflict')
    expect(hashes).toContain(conflict.winner)
    expect(conflict.winner).not.toBe(conflict.hash)
    await visiting({ width: 1280, height: 900, colorScheme: 'light' }, async (page) => {
      await page.goto(`${devnet.rpcUrl}/#/conflicts`)
      await page.locator(`a[href="#/tx/${conflict.winner}"]`).waitFor()
      expect(await page.locator('tbody tr').first().textContent()).toMatch(
        /smaller (main-chain index|height|unit id)|same index/,
      )
      await picture(page, 'conflicts')
    })
  })

  test('a wallet of the browser sends coins: it is found, asked for an account and the network, and signs', async () => {
    const to = `0x${'3b'.repeat(20)}`
    const { address } = devnet.accounts[7]!
    await visiting({ width: 1280, height: 900, colorScheme: 'light' }, async (page) => {
      await page.goto(`${devnet.rpcUrl}/#/wallet`)
      await page.getByText('No wallet is installed in this browser.').waitFor()
      // A wallet that announces itself as EIP-6963 has it, and whose network is another one at first. The node signs in its place.
      await page.addInitScript((account: string) => {
        const asked: string[] = []
        Object.assign(globalThis, { asked })
        let chainId = '0x1'
        const provider = {
          async request({ method, params = [] }: { method: string; params?: any[] }) {
            asked.push(method)
            if (method === 'eth_requestAccounts') return [account]
            if (method === 'eth_chainId') return chainId
            if (method === 'wallet_switchEthereumChain') throw Object.assign(new Error('unknown'), { code: 4902 })
            if (method === 'wallet_addEthereumChain') {
              chainId = params[0].chainId
              return null
            }
            if (BigInt(params[0].value) === 13n * 10n ** 18n) throw new Error('The user said no.')
            const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
            return (await (await fetch('/', { method: 'POST', body })).json()).result
          },
        }
        const detail = { info: { uuid: '1', name: 'Test wallet', icon: '', rdns: 'test' }, provider }
        addEventListener('eip6963:requestProvider', () =>
          dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail })),
        )
      }, address)
      await page.reload()
      await page.getByRole('button', { name: 'Test wallet' }).click()
      await page.getByRole('textbox', { name: 'Address of the receiver' }).fill(to)
      await page.getByRole('textbox', { name: 'Amount in ZOS' }).fill('13')
      await page.getByRole('button', { name: 'Send' }).click()
      await page.getByText('The user said no.').waitFor()
      await page.getByRole('textbox', { name: 'Amount in ZOS' }).fill('2.25')
      await page.getByRole('button', { name: 'Send' }).click()
      await page.getByText('Final in block').waitFor()
      await picture(page, 'wallet')
      expect(await page.evaluate(() => (globalThis as any).asked)).toEqual([
        'eth_requestAccounts',
        'eth_chainId',
        'wallet_switchEthereumChain',
        'wallet_addEthereumChain',
        'eth_sendTransaction',
        'eth_sendTransaction',
      ])
    })
    expect(BigInt(await rpc(devnet.rpcUrl, 'eth_getBalance', to, 'latest'))).toBe(parseEther('2.25'))
  })

  test('the faucet pays, on a phone', async () => {
    const address = `0x${'fa'.repeat(20)}`
    await visiting({ width: 375, height: 760, colorScheme: 'dark' }, async (page) => {
      await page.getByRole('navigation').getByRole('link', { name: 'Faucet' }).click()
      await page.getByRole('textbox', { name: 'Address of the account' }).fill(address)
      await page.getByRole('button', { name: 'Send 100 ZOS' }).click()
      await page.getByText('Final in block').waitFor()
      await picture(page, 'faucet-phone')
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(375)
    })
    expect(BigInt(await rpc(devnet.rpcUrl, 'eth_getBalance', address, 'latest'))).toBe(parseEther('100'))
  })
})
