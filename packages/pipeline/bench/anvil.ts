// The peer of tpu-evm: anvil, a native node, with the same kind of signed transfers over its JSON-RPC in batches of 100, mined on
// demand (its fastest way). Receipts are counted. CPU-seconds are those of its process.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { CHAIN_ID, makeKeys, signEvm } from './generator.ts'

export interface PeerResult {
  readonly tps: number
  readonly cpuMicrosPerTx: number
}

/** Undefined where the binary is not installed. */
export async function anvilTransfers(count: number): Promise<PeerResult | undefined> {
  const require = createRequire(import.meta.url)
  let binary: string
  try {
    const wrapper = dirname(require.resolve('@foundry-rs/anvil/package.json'))
    const name = `@foundry-rs/anvil-${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`
    binary = join(dirname(createRequire(join(wrapper, 'package.json')).resolve(`${name}/package.json`)), 'bin', 'anvil')
    readFileSync(binary, { flag: 'r' }).subarray(0, 4)
  } catch {
    return undefined
  }
  const keys = makeKeys(100, 987_654_321n)
  const plans = Array.from({ length: count }, (_, i) => ({
    from: keys[i % 100]!,
    to: keys[(i * 7 + 1) % 100]!.address,
    nonce: BigInt(Math.floor(i / 100)),
    amount: 1n,
  }))
  const raws = signEvm(plans, 123_456_789n, 21_000n)
  const child = spawn(
    binary,
    [
      '--port',
      '0',
      '--chain-id',
      `${CHAIN_ID}`,
      '--no-mining',
      '--gas-limit',
      '100000000000',
      '--base-fee',
      '0',
      '--gas-price',
      '0',
      '--order',
      'fifo',
      '--accounts',
      '1',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  try {
    const port = await new Promise<string>((resolve, reject) => {
      let text = ''
      child.stdout.on('data', (chunk) => {
        text += chunk
        const found = /Listening on [^:]*:(\d+)/.exec(text)
        if (found) resolve(found[1]!)
      })
      child.once('exit', (code) => reject(new Error(`anvil ended with ${code}`)))
    })
    const call = async (calls: { method: string; params: unknown[] }[]) => {
      const body = JSON.stringify(calls.map((one, id) => ({ jsonrpc: '2.0', id, ...one })))
      const response = await fetch(`http://127.0.0.1:${port}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      const answers = (await response.json()) as { result?: unknown; error?: { message: string } }[]
      for (const { error } of answers) if (error) throw new Error(error.message)
      return answers.map(({ result }) => result)
    }
    const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`
    await call(keys.map((key) => ({ method: 'anvil_setBalance', params: [hex(key.address), '0xffffffffffffffffff'] })))
    const calls = raws.map((raw) => ({ method: 'eth_sendRawTransaction', params: [hex(raw)] }))
    const cpuBefore = cpuSeconds(child.pid!)
    const start = performance.now()
    for (let at = 0; at < calls.length; at += 1000) {
      const thousand = calls.slice(at, at + 1000)
      for (let i = 0; i < thousand.length; i += 100) await call(thousand.slice(i, i + 100))
      await call([{ method: 'evm_mine', params: [] }])
    }
    const seconds = (performance.now() - start) / 1000
    const cpu = cpuSeconds(child.pid!) - cpuBefore
    const nonces = await call(
      keys.map((key) => ({ method: 'eth_getTransactionCount', params: [hex(key.address), 'latest'] })),
    )
    const mined = nonces.reduce<number>((sum, nonce) => sum + Number(nonce), 0)
    if (mined !== count) throw new Error(`anvil mined ${mined} of ${count}`)
    return { tps: count / seconds, cpuMicrosPerTx: (cpu / count) * 1e6 }
  } finally {
    child.kill('SIGKILL')
  }
}

/** User and system time of a process, Linux only; NaN elsewhere. */
function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return Number.NaN
  }
}
