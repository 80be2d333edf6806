import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
      ['devnet', '--block-time', '2', '--round-interval', '1000'],
      '--block-time is twice --round-interval; give one of them',
    ],
    [['devnet', '--partition', '0/7'], 'there is no validator 7'],
    [
      ['devnet', '--config', '/nowhere.json'],
      "cannot read /nowhere.json: ENOENT: no such file or directory, open '/nowhere.json'",
    ],
    [['start'], '--genesis is needed (or ZOS_GENESIS, or genesis in the configuration file)'],
    [
      ['snapshot', 'verify', 'x.snap', '--genesis', '/nowhere.json'],
      "ENOENT: no such file or directory, open '/nowhere.json'",
    ],
    [['snapshot', 'verify', 'x.snap', '--genesis', 'x', '--genesys', 'y'], 'there is no flag --genesys; see --help'],
    [['db', 'check', '--data-dir', '/nowhere'], 'there is no database in /nowhere'],
    [['status', '--rpc', 'http://127.0.0.1:1'], 'no node answers at http://127.0.0.1:1: bad port'],
    [
      ['start', '--genesis', '/nowhere.json', '--data-dir', 'x'],
      "cannot read /nowhere.json: ENOENT: no such file or directory, open '/nowhere.json'",
    ],
  ])('%j', async (args, message) => {
    const { code, stderr } = await zos(...args)
    expect(code).toBe(1)
    expect(stderr.trim()).toBe(`zos: ${message}`)
  })

  test.each([
    [['frob'], 'Unknown command frob'],
    [['keys'], 'No command specified.'],
    [['db', '--data-dir', 'x'], 'Unknown command x'],
  ])('%j shows what there is', async (args, message) => {
    const { code, stdout, stderr } = await zos(...args)
    expect(code).toBe(1)
    expect(stderr.trim()).toBe(message)
    expect(stdout).toContain('COMMANDS')
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

describe('zos keys and zos init', () => {
  test('a key is made, shown and exported again; a genesis names it', async () => {
    const file = join(folder, 'validator.json')
    const password = join(folder, 'password')
    writeFileSync(password, 'correct horse\n', { mode: 0o600 })
    const flags = ['--file', file, '--password-file', password, '--json']
    const made = JSON.parse((await zos('keys', 'new', '--validator', ...flags)).stdout)
    expect(made.path).toBe("m/44'/60'/1'/0/0")
    expect(made.mnemonic.split(' ')).toHaveLength(12)
    expect(JSON.parse((await zos('keys', 'show', '--file', file, '--json')).stdout)).toEqual({ address: made.address })
    const { privateKey } = JSON.parse((await zos('keys', 'export', ...flags)).stdout)
    const again = join(folder, 'again.json')
    const imported = await zos(
      'keys',
      'import',
      '--mnemonic',
      made.mnemonic,
      '--validator',
      ...flags.slice(2),
      '--file',
      again,
    )
    expect(JSON.parse(imported.stdout).publicKey).toBe(made.publicKey)
    expect(privateKey).toMatch(/^0x[0-9a-f]{64}$/)
    expect((await zos('keys', 'new', ...flags)).stderr).toContain('never overwritten')

    const genesis = join(folder, 'net.json')
    const init = ['init', '--out', genesis, '--name', 'mynet', '--chain-id', '4242']
    const written = await zos(
      ...init,
      '--validators',
      `${made.publicKey}:5`,
      '--accounts',
      `${made.address}:7`,
      '--json',
    )
    expect(JSON.parse(written.stdout)).toMatchObject({ chainId: 4242 })
    const { validators, accounts } = JSON.parse(readFileSync(genesis, 'utf8'))
    expect(validators[0]).toMatchObject({ address: made.address, stake: `5${'0'.repeat(18)}` })
    expect(accounts).toContainEqual({ address: made.address, balance: `7${'0'.repeat(18)}` })

    // Nothing was signed yet; what an old machine signed is taken over.
    const history = join(folder, 'history.json')
    const where = [
      '--genesis',
      genesis,
      '--data-dir',
      folder,
      '--signing-key',
      file,
      '--password-file',
      password,
      '--file',
      history,
      '--json',
    ]
    expect(JSON.parse((await zos('validator', 'export', ...where)).stdout).round).toBe('none')
    const document = JSON.parse(readFileSync(history, 'utf8'))
    document.data[0].signed_blocks = [{ slot: '17', signing_root: `0x${'5a'.repeat(32)}` }]
    writeFileSync(history, JSON.stringify(document))
    expect(JSON.parse((await zos('validator', 'import', ...where)).stdout)).toEqual({ round: 17, imported: true })
    expect(JSON.parse((await zos('validator', 'import', ...where)).stdout)).toEqual({ round: 17, imported: false })
    expect(JSON.parse((await zos('validator', 'export', ...where)).stdout).round).toBe(17)
  }, 240_000)
})
