import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, rpc } from './wait.ts'

const cli = new URL('../../dist/cli.js', import.meta.url).pathname
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zos-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function zos(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile('node', [cli, ...args], (error, stdout, stderr) =>
      resolve({ code: error ? ((error.code as unknown as number) ?? 1) : 0, stdout, stderr }),
    )
  })
}

describe('what cannot work is said in one line', () => {
  test('a port that is taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const { code, stderr } = await zos('devnet', '--port', String(port))
    server.close()
    expect(code).toBe(1)
    expect(stderr.trim()).toBe(`zos: port ${port} on 127.0.0.1 is taken; choose another with --port`)
  })

  test.each([
    [['devnet', '--validators', 'four'], '--validators must be a whole number, not "four"'],
    [['devnet', '--validators', '0'], '--validators must be 1 to 30'],
    [['devnet', '--port', '70000'], '--port must be 0 to 65535'],
    [['devnet', '--vaildators', '4'], 'there is no flag --vaildators; see --help'],
    [['devnet', 'now'], '"now" is not expected here; see --help'],
    [
      ['start', '--genesis', '/nowhere.json', '--data-dir', 'x'],
      "cannot read /nowhere.json: ENOENT: no such file or directory, open '/nowhere.json'",
    ],
  ])('%j', async (args, message) => {
    const { code, stderr } = await zos(...args)
    expect(code).toBe(1)
    expect(stderr.trim()).toBe(`zos: ${message}`)
  })

  test('a folder that cannot be written', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    const { code, stderr } = await zos('devnet', '--port', '0', '--data-dir', join(file, 'data'))
    expect(code).toBe(1)
    expect(stderr.trim()).toMatch(/^zos: cannot make the folder .*ENOTDIR/)
  })
})

describe('zos devnet', () => {
  test('prints what a newcomer needs, serves, and is gone within five seconds of Ctrl-C', async () => {
    const child = spawn('node', [cli, 'devnet', '--port', '0', '--round-interval', '100', '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    let stdout = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
    const { rpcUrl, chainId, accounts, validators, mnemonic } = await eventually(
      async () => JSON.parse(stdout),
      'the description',
    )
    expect(accounts).toHaveLength(10)
    expect(accounts[0]).toMatchObject({
      address: '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266',
      path: "m/44'/60'/0'/0/0",
    })
    expect(mnemonic.split(' ')).toHaveLength(12)
    expect(validators).toHaveLength(4)
    expect(Number(await rpc(rpcUrl, 'eth_chainId'))).toBe(chainId)
    expect(BigInt(await rpc(rpcUrl, 'eth_getBalance', accounts[9].address, 'latest'))).toBe(10_000n * 10n ** 18n)
    await eventually(async () => Number(await rpc(rpcUrl, 'eth_blockNumber')) > 1, 'blocks')

    // As a terminal does it: to the whole group.
    const stopped = Date.now()
    process.kill(-child.pid!, 'SIGINT')
    expect(await exited).toBe(0)
    expect(Date.now() - stopped).toBeLessThan(5_000)
    for (const { pid } of validators) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  test('--help answers', async () => {
    const { code, stdout, stderr } = await zos('devnet', '--help')
    expect(code).toBe(0)
    expect(stdout + stderr).toContain('round-interval')
  })
})
