/** A validator process as its supervisor sees it: starts it, asks it, stops it. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bytesToHex } from '@ethereumjs/util'
import { NodeError } from '../errors.ts'
import type { DerivedAccount } from '../genesis/accounts.ts'
import type { DevnetValidatorKeys } from '../genesis/devnet-genesis.ts'
import type { Genesis } from '../genesis/genesis.ts'
import type { NodeStatus, PruningOptions } from '../node-api.ts'
import type { LinkConditions } from '../p2p/link.ts'
import { makeDirectory } from '../store/directory.ts'
import type { DevLinks } from './dev-control.ts'
import type { ConfigAccount, FromValidator, ToValidator } from './messages.ts'

/** Beyond this a stopping validator is killed. */
const STOP_TIMEOUT_MS = 4_000
const START_TIMEOUT_MS = 180_000
const ANSWER_TIMEOUT_MS = 10_000

/**
 * A validator process of a local network, as {@link Devnet} hands it out: where it listens, and how to end and start
 * it.
 */
export interface DevnetValidator {
  readonly index: number
  /** The address of its signing key, as in the genesis. */
  readonly address: string
  /** Undefined while it is not running. */
  readonly pid: number | undefined
  /** Its JSON-RPC, over HTTP and WebSocket. */
  readonly rpcUrl: string
  /** Multiaddrs at which other nodes reach it. */
  readonly addresses: readonly string[]
  readonly logFile: string
  /** Prometheus reads here. */
  readonly metricsUrl: string
  /** Its libp2p identity; empty until it has started. */
  readonly peerId: string
  /** What it knows about itself. Rejects when the process does not answer within 10 s. */
  status(): Promise<NodeStatus>
  /** Sends a signal, such as `SIGKILL`; resolves when the process is gone. */
  kill(signal: NodeJS.Signals): Promise<void>
  /** Starts it again after it ended; resolves when it serves. */
  start(): Promise<void>
}

interface ProcessOptions {
  genesis: Genesis
  host: string
  port: number
  roundIntervalMs: number
  ticketHashes: number
  pruning: PruningOptions
  dataDir: string
  accounts: readonly DerivedAccount[]
  faucet: DerivedAccount
  index: string | undefined
  /** It was asked to change the links of the network. Throws when it cannot. */
  onLinks: (links: DevLinks) => void
  onExit: (validator: ValidatorProcess, reason: string) => void
}

export class ValidatorProcess implements DevnetValidator {
  readonly index: number
  readonly address: string
  readonly logFile: string
  addresses: string[] = []
  rpcUrl = ''
  peerId = ''
  metricsUrl = ''
  link: LinkConditions | undefined
  afterStart: () => void = () => {}
  readonly #key: DevnetValidatorKeys
  readonly #options: ProcessOptions
  readonly #waiters = new Map<number, (answer: FromValidator) => void>()
  #child: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()
  #requests = 0

  constructor(index: number, key: DevnetValidatorKeys, options: ProcessOptions) {
    this.index = index
    this.address = key.address
    this.logFile = join(options.dataDir, `validator-${index}`, 'node.log')
    this.#key = key
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  start(): Promise<void> {
    const { genesis, host, roundIntervalMs, ticketHashes, pruning, dataDir } = this.#options
    const directory = join(dataDir, `validator-${this.index}`)
    makeDirectory(directory)
    const child = fork(processEntry(), [], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    let errors = ''
    child.stderr?.on('data', (chunk) => {
      errors = (errors + chunk).slice(-4_096)
    })
    this.#child = child
    let ready = false
    const started = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () =>
          reject(
            new NodeError(
              'NODE_INVALID_ARGUMENT',
              `validator ${this.index} did not start within ${START_TIMEOUT_MS / 1000} s`,
            ),
          ),
        START_TIMEOUT_MS,
      )
      child.on('message', (message: FromValidator) => {
        if (message.type === 'ready') {
          ready = true
          this.rpcUrl = message.rpcUrl
          this.addresses = message.addresses
          this.peerId = message.peerId
          this.metricsUrl = `http://127.0.0.1:${message.metricsPort}/metrics`
          clearTimeout(timer)
          resolve()
          this.afterStart()
        } else if (message.type === 'failed') {
          errors = message.message
          clearTimeout(timer)
          reject(new NodeError(message.code ?? 'NODE_INVALID_ARGUMENT', message.message))
        } else if (message.type === 'links') this.#answerLinks(message)
        else this.#waiters.get(message.id)?.(message)
      })
      child.once('exit', (code, signal) => {
        clearTimeout(timer)
        reject(
          new NodeError(
            'NODE_STOPPED',
            `validator ${this.index} ended while it started: ${errors.trim() || (signal ?? `exit code ${code}`)}`,
          ),
        )
      })
    })
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        if (this.#child === child) this.#child = undefined
        resolve()
        if (ready) this.#options.onExit(this, errors.trim().split('\n').at(-1) || signal || `exit code ${code}`)
      })
    })
    this.send({
      type: 'start',
      config: {
        name: `validator-${this.index}`,
        genesis,
        roundIntervalMs,
        ticketHashes,
        pruning,
        logFile: this.logFile,
        dataDir: directory,
        validatorKey: bytesToHex(this.#key.privateKey),
        ...(genesis.validators[this.index]!.isogenyKey ? { isogenyKey: bytesToHex(this.#key.isogenyKey) } : {}),
        accounts: this.#options.accounts.map(configAccount),
        faucet: configAccount(this.#options.faucet),
        link: this.link,
        index: this.#options.index,
        metrics: true,
        rpc: { host, port: this.rpcUrl === '' ? this.#options.port : Number(new URL(this.rpcUrl).port) },
      },
    })
    return started
  }

  async status(): Promise<NodeStatus> {
    const answer = await this.#ask((id) => ({ type: 'status', id }))
    if (answer.type !== 'status') throw new Error('not a status')
    return answer.status
  }

  /** Writes the state of the network to `file`. */
  async dump(file: string): Promise<void> {
    const answer = await this.#ask((id) => ({ type: 'dump', id, file }))
    if (answer.type === 'dumped' && answer.fault) throw new NodeError('NODE_DATA_DIR', answer.fault, { file })
  }

  #ask(message: (id: number) => ToValidator): Promise<FromValidator> {
    const id = ++this.#requests
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new NodeError('NODE_STOPPED', `validator ${this.index} does not answer`)),
        ANSWER_TIMEOUT_MS,
      )
      this.#waiters.set(id, (answer) => {
        clearTimeout(timer)
        this.#waiters.delete(id)
        resolve(answer)
      })
      this.send(message(id))
    })
  }

  #answerLinks({ id, links }: Extract<FromValidator, { type: 'links' }>): void {
    try {
      this.#options.onLinks(links)
      this.send({ type: 'linked', id })
    } catch (error) {
      this.send({ type: 'linked', id, fault: (error as Error).message })
    }
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    this.#child?.kill(signal)
    await this.#exited
  }

  async stop(): Promise<void> {
    const child = this.#child
    if (!child) return
    this.send({ type: 'stop' })
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await this.#exited
    clearTimeout(timer)
  }

  send(message: ToValidator): void {
    if (message.type === 'link') this.link = message.conditions
    if (this.#child?.connected) this.#child.send(message, () => {})
  }
}

/** The built entry when this file runs from the package, the source when it runs from the source. */
function processEntry(): string {
  const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url))
  return import.meta.url.endsWith('.ts') ? beside('./validator-process.ts') : beside('./validator-process.js')
}

function configAccount({ address, privateKey, path }: DerivedAccount): ConfigAccount {
  return { address, path, privateKey: bytesToHex(privateKey) }
}
