import { defineCommand } from 'citty'
import { fail, refuseUnknown, wholeNumber } from './fail.ts'

const args = {
  validators: { type: 'string', default: '4', description: 'How many validators (1 to 30)', valueHint: 'N' },
  port: {
    type: 'string',
    default: '8545',
    description: 'JSON-RPC port, HTTP and WebSocket; 0 for a free one',
    valueHint: 'PORT',
  },
  host: { type: 'string', default: '127.0.0.1', description: 'Address to serve on', valueHint: 'HOST' },
  'data-dir': { type: 'string', description: 'Keep the network here; without it, nothing is kept', valueHint: 'DIR' },
  reset: { type: 'boolean', description: 'Begin anew in --data-dir' },
  'round-interval': {
    type: 'string',
    default: '1000',
    description: 'Milliseconds between two units of a validator',
    valueHint: 'MS',
  },
  json: { type: 'boolean', description: 'Print one line of JSON when ready, nothing else' },
} as const

export const devnetCommand = defineCommand({
  meta: { name: 'devnet', description: 'Start a local network with funded accounts; Ctrl-C stops it' },
  args,
  async run({ args: flags }) {
    refuseUnknown(flags, Object.keys(args))
    const { startDevnet } = await import('../devnet/devnet.ts')
    const { describeDevnet, devnetJson } = await import('./describe-devnet.ts')
    const say = (text: string) => flags.json || console.log(text)
    let devnet: Awaited<ReturnType<typeof startDevnet>> | undefined
    let stopping = false
    const stop = async () => {
      if (stopping) process.exit(1) // a second Ctrl-C does not wait
      stopping = true
      say('\nstopping …')
      await devnet?.stop()
      process.exit(0)
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
    try {
      devnet = await startDevnet({
        validators: wholeNumber('validators', flags.validators),
        port: wholeNumber('port', flags.port),
        roundIntervalMs: wholeNumber('round-interval', flags['round-interval']),
        host: flags.host,
        reset: flags.reset ?? false,
        onProgress: say,
        ...(flags['data-dir'] ? { dataDir: flags['data-dir'] } : {}),
      })
    } catch (error) {
      fail(error)
    }
    if (stopping) return
    console.log(flags.json ? devnetJson(devnet) : describeDevnet(devnet, flags['data-dir']))
  },
})
