/** A local network of validator processes on loopback, with a supervisor that starts, watches and stops them. */
import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bytesToHex } from '@ethereumjs/util'
import { isNodeError, NodeError } from '../errors.ts'
import type { DerivedAccount } from '../genesis/accounts.ts'
import { type DevnetValidatorKeys, devnetGenesis } from '../genesis/devnet-genesis.ts'
import { type Genesis, parseGenesis } from '../genesis/genesis.ts'
import type { NodeStatus, PruningOptions } from '../node-api.ts'
import { makeDirectory } from '../store/directory.ts'
import type { FromValidator, ToValidator } from './messages.ts'

/** Beyond this a stopping validator is killed. */
const STOP_TIMEOUT_MS = 4_000
const START_TIMEOUT_MS = 60_000
const RESTART_DELAY_MS = 1_000
/** A machine has this many cores at most, and each validator is a process. */
const MAX_VALIDATORS = 30

export interface DevnetOptions {
  /** Default 4. */
  validators?: number
  host?: string
  /** JSON-RPC port of the first validator; the others take free ones. 0: a free one too. */
  port?: number
  /** Where the network is kept. Without it, in a temporary folder that goes with the network. */
  dataDir?: string
  /** Begins anew in `dataDir`. */
  reset?: boolean
  /** Milliseconds. Default 1000. */
  roundIntervalMs?: number
  /** Funded accounts of the test phrase. Default 10. */
  accounts?: number
  /** Rounds of an epoch. Default 3600. */
  epochRounds?: number
  /** Which part of history the validators keep. */
  pruning?: PruningOptions
  /** Starts a validator that died again. Default true. */
  restart?: boolean
  onProgress?: (text: string) => void
}

export interface DevnetValidator {
  readonly index: number
  readonly address: string
  readonly pid: number | undefined
  readonly rpcUrl: string
  /** Multiaddrs at which other nodes reach it. */
  readonly addresses: readonly string[]
  readonly logFile: string
  status(): Promise<NodeStatus>
  /** Sends a signal, such as `SIGKILL`; resolves when the process is gone. */
  kill(signal: NodeJS.Signals): Promise<void>
  /** Starts it again after it ended. */
  start(): Promise<void>
}

export interface Devnet {
  readonly genesis: Genesis
  /** Of the first validator. */
  readonly rpcUrl: string
  readonly accounts: readonly DerivedAccount[]
  readonly validators: readonly DevnetValidator[]
  readonly dataDir: string
  stop(): Promise<void>
}

/** Starts a network and resolves when every validator serves. Errors: those of `createNode`, and `NODE_INVALID_ARGUMENT` for options. */
export async function startDevnet(options: DevnetOptions = {}): Promise<Devnet> {
  const {
    validators: count = 4,
    host = '127.0.0.1',
    port = 8545,
    roundIntervalMs = 1_000,
    onProgress = () => {},
  } = options
  if (!Number.isInteger(count) || count < 1 || count > MAX_VALIDATORS)
    throw invalid(`--validators must be 1 to ${MAX_VALIDATORS}`, { validators: count })
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw invalid('--port must be 0 to 65535', { port })
  if (!Number.isFinite(roundIntervalMs) || roundIntervalMs < 0 || roundIntervalMs > 60_000)
    throw invalid('--round-interval must be 0 to 60000 milliseconds', { roundIntervalMs })

  const temporary = options.dataDir === undefined
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'zos-devnet-'))
  const { genesis, accounts, validatorKeys } = openDataDir(dataDir, {
    count,
    reset: options.reset ?? false,
    epochRounds: options.epochRounds,
    accounts: options.accounts,
  })

  let stopping = false
  const validators = validatorKeys.map(
    (key, index) =>
      new ValidatorProcess(index, key, {
        genesis,
        host,
        roundIntervalMs,
        pruning: options.pruning ?? {},
        dataDir,
        port: index === 0 ? port : 0,
        onExit: (validator, reason) => {
          if (stopping) return
          onProgress(
            `validator ${validator.index} ended (${reason})${options.restart === false ? '' : '; starting it again'}`,
          )
          if (options.restart === false) return
          setTimeout(() => {
            if (!stopping)
              validator
                .start()
                .then(introduce, (error) => onProgress(`validator ${validator.index} does not start: ${error.message}`))
          }, RESTART_DELAY_MS)
        },
      }),
  )
  const introduce = () => {
    const addresses = validators.flatMap((validator) => validator.addresses)
    for (const validator of validators) validator.send({ type: 'peers', addresses })
  }
  const stop = async () => {
    stopping = true
    await Promise.all(validators.map((validator) => validator.stop()))
    if (temporary) rmSync(dataDir, { recursive: true, force: true })
  }

  try {
    // The first one alone first: a port that is taken should be said once, before anything else happens.
    await validators[0]!.start()
    onProgress(`started validator 1 of ${count}`)
    let started = 1
    await Promise.all(
      validators.slice(1).map(async (validator) => {
        await validator.start()
        onProgress(`started validator ${++started} of ${count}`)
      }),
    )
    introduce()
  } catch (error) {
    await stop()
    throw error
  }
  for (const validator of validators) validator.afterStart = introduce
  return { genesis, accounts, validators, dataDir, stop, rpcUrl: validators[0]!.rpcUrl }
}

function openDataDir(
  dataDir: string,
  {
    count,
    reset,
    epochRounds,
    accounts,
  }: { count: number; reset: boolean; epochRounds: number | undefined; accounts: number | undefined },
): { genesis: Genesis; accounts: DerivedAccount[]; validatorKeys: DevnetValidatorKeys[] } {
  const file = join(dataDir, 'genesis.json')
  try {
    makeDirectory(dataDir)
    if (reset) {
      rmSync(file, { force: true })
      for (let index = 0; index < MAX_VALIDATORS; index++)
        rmSync(join(dataDir, `validator-${index}`), { recursive: true, force: true })
    }
    if (!existsSync(file)) {
      const fresh = devnetGenesis({
        validators: count,
        timestampMs: Date.now(),
        ...(epochRounds ? { epochRounds } : {}),
        ...(accounts ? { accounts } : {}),
      })
      writeFileSync(file, `${JSON.stringify(fresh.genesis, null, 2)}\n`)
      return fresh
    }
    const genesis = parseGenesis(readFileSync(file, 'utf8'))
    if (genesis.validators.length !== count)
      throw invalid(
        `${dataDir} holds a network of ${genesis.validators.length} validators; start it with --validators ${genesis.validators.length}, or begin anew with --reset`,
        { dataDir, validators: count },
      )
    return {
      ...devnetGenesis({ validators: count, timestampMs: genesis.timestampMs, ...(accounts ? { accounts } : {}) }),
      genesis,
    }
  } catch (error) {
    if (isNodeError(error)) throw error
    throw new NodeError(
      'NODE_DATA_DIR',
      `cannot use ${dataDir}: ${(error as Error).message}`,
      { dataDir },
      { cause: error },
    )
  }
}

interface ProcessOptions {
  genesis: Genesis
  host: string
  port: number
  roundIntervalMs: number
  pruning: PruningOptions
  dataDir: string
  onExit: (validator: ValidatorProcess, reason: string) => void
}

class ValidatorProcess implements DevnetValidator {
  readonly index: number
  readonly address: string
  readonly logFile: string
  addresses: string[] = []
  rpcUrl = ''
  afterStart: () => void = () => {}
  readonly #key: DevnetValidatorKeys
  readonly #options: ProcessOptions
  readonly #statusWaiters = new Map<number, (status: NodeStatus) => void>()
  #child: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()
  #statusId = 0

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
    const { genesis, host, roundIntervalMs, pruning, dataDir } = this.#options
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
          clearTimeout(timer)
          resolve()
          this.afterStart()
        } else if (message.type === 'failed') {
          errors = message.message
          clearTimeout(timer)
          reject(new NodeError(message.code ?? 'NODE_INVALID_ARGUMENT', message.message))
        } else this.#statusWaiters.get(message.id)?.(message.status)
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
        pruning,
        logFile: this.logFile,
        dataDir: directory,
        validatorKey: bytesToHex(this.#key.privateKey),
        ...(genesis.validators[this.index]!.isogenyKey ? { isogenyKey: bytesToHex(this.#key.isogenyKey) } : {}),
        rpc: { host, port: this.rpcUrl === '' ? this.#options.port : Number(new URL(this.rpcUrl).port) },
      },
    })
    return started
  }

  status(): Promise<NodeStatus> {
    const id = ++this.#statusId
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new NodeError('NODE_STOPPED', `validator ${this.index} does not answer`)),
        10_000,
      )
      this.#statusWaiters.set(id, (status) => {
        clearTimeout(timer)
        this.#statusWaiters.delete(id)
        resolve(status)
      })
      this.send({ type: 'status', id })
    })
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
    if (this.#child?.connected) this.#child.send(message, () => {})
  }
}

/** The built entry when this file runs from the package, the source when it runs from the source. */
function processEntry(): string {
  const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url))
  return import.meta.url.endsWith('.ts') ? beside('./validator-process.ts') : beside('./validator-process.js')
}

function invalid(message: string, context: Record<string, unknown>): NodeError {
  return new NodeError('NODE_INVALID_ARGUMENT', message, context)
}
