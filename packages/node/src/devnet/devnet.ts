/** A local network of validator processes on loopback, with a supervisor that starts, watches and stops them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TERM_ROUNDS } from '@zos/zpos'
import { NodeError } from '../errors.ts'
import { MAX_TRANSACTION_GAS } from '../execution/gas-limits.ts'
import { type DerivedAccount, TEST_MNEMONIC } from '../genesis/accounts.ts'
import type { Genesis, GenesisAccount } from '../genesis/genesis.ts'
import { isIbcName } from '../ibc/settings.ts'
import type { PruningOptions } from '../node-api.ts'
import { openDataDir } from './data-dir.ts'
import type { DevLinks } from './dev-control.ts'
import { checkShape, invalid } from './limits.ts'
import { checkLinks, conditionsOf, type Partition } from './links.ts'
import { type DevnetValidator, ValidatorProcess } from './validator-handle.ts'

export type { DevLinks } from './dev-control.ts'
export { createDevnet, type InProcessDevnet, type InProcessDevnetOptions } from './in-process.ts'
export type { Partition } from './links.ts'
export type { DevnetValidator } from './validator-handle.ts'

const RESTART_DELAY_MS = 1_000
/** Hashes that each validator spends on the lottery of a term: some 60 ms of a core. */
const DEVNET_TICKET_HASHES = 2
/** A term: with faster rounds it has more of them, as each term costs its tickets. */
const TERM_MS = 15_000

/** What {@link startDevnet} starts; all of it has a default. The command line's `zos devnet` takes the same. */
export interface DevnetOptions {
  /** Validator processes. Default 4. */
  validators?: number
  /** Interface of JSON-RPC. Default 127.0.0.1. */
  host?: string
  /** JSON-RPC port of the first validator; the others take free ones. 0: a free one too. Default 8545. */
  port?: number
  /** Where the network is kept. Without it, in a temporary folder that goes with the network. */
  dataDir?: string
  /** Begins anew in `dataDir`. */
  reset?: boolean
  /** Milliseconds between two units of a validator; a block comes every two rounds. Default 1000. */
  roundIntervalMs?: number
  /** Funded accounts. Default 10. */
  accounts?: number
  /** Wei of each. Default 10,000 coins. */
  balance?: bigint
  /** BIP-39 phrase of the accounts. Default: the phrase of every development network. */
  mnemonic?: string
  /** Default 5,918,547, "ZOS" in ASCII. */
  chainId?: number
  /** The network's name in IBC, such as `zone-1`; without it the network speaks no IBC. */
  ibc?: string
  /** Gas of one block. Default 150 million. */
  gasLimit?: bigint
  /** Rounds of an epoch. Default 3600. */
  epochRounds?: number
  /** Rounds of a term. Default: about 15 seconds, 15 rounds at least. */
  termRounds?: number
  /** Hashes that each validator spends on the lottery of a term, about 30 ms of a core each. Default 2. */
  ticketHashes?: number
  /** Which part of history the validators keep. */
  pruning?: PruningOptions
  /** How well validators reach each other from the start. */
  links?: DevLinks
  /** Cuts the network in groups for a time after the start. */
  partition?: Partition
  /** A file with the accounts of an earlier network: read at the start if it is there, written at the end. */
  state?: string
  /** Where the first validator keeps the explorer's index: a PostgreSQL URL. Default: a file in its folder. */
  index?: string
  /** Starts a validator that died again. Default true. */
  restart?: boolean
  /** Told in words what happens: starts, deaths, restarts, what was not saved. */
  onProgress?: (text: string) => void
}

/** A running local network of validator processes, made by {@link startDevnet}. */
export interface Devnet {
  readonly genesis: Genesis
  /** Of the first validator. */
  readonly rpcUrl: string
  readonly accounts: readonly DerivedAccount[]
  /** Of the accounts. */
  readonly mnemonic: string
  readonly validators: readonly DevnetValidator[]
  /** Where the network is kept, a folder a validator; temporary ones go with `stop`. */
  readonly dataDir: string
  /** Changes how well validators reach each other. Errors: `NODE_DEVNET_REFUSED`. */
  setLinks(links: DevLinks): void
  /** Writes every account to `file`, for `state` of another network. */
  saveState(file: string): Promise<void>
  /** Ends all processes, by force after 4 s; saves the accounts first where `state` says so. */
  stop(): Promise<void>
}

/** Starts a network and resolves when every validator serves. Errors: those of `createNode`, and `NODE_INVALID_ARGUMENT` for options. */
export async function startDevnet(options: DevnetOptions = {}): Promise<Devnet> {
  const { host = '127.0.0.1', port = 8545, roundIntervalMs = 1_000, onProgress = () => {} } = options
  const count = options.validators ?? 4
  checkShape({ validators: count, port, roundIntervalMs, accounts: options.accounts })
  let links = options.links ?? {}
  checkLinks(links, count)
  if (options.partition) checkLinks({ groups: options.partition.groups }, count)
  if (options.gasLimit !== undefined && options.gasLimit < MAX_TRANSACTION_GAS)
    throw invalid(`--gas-limit must be ${MAX_TRANSACTION_GAS} or more: a transaction may have as much`, {
      gasLimit: options.gasLimit,
    })
  // A port that is taken should be said once, before anything else happens.
  await checkPort(host, port)

  if (options.ibc !== undefined && !isIbcName(options.ibc))
    throw invalid('--ibc must be a name with a revision, such as zone-1', { ibc: options.ibc })

  const temporary = options.dataDir === undefined
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'zos-devnet-'))
  const { genesis, accounts, validatorKeys, faucet } = openDataDir(
    dataDir,
    {
      ...options,
      validators: count,
      termRounds: options.termRounds ?? Math.max(TERM_ROUNDS, Math.round(TERM_MS / Math.max(roundIntervalMs, 1))),
      state: options.state === undefined ? undefined : readState(options.state),
    },
    options.reset ?? false,
  )

  let stopping = false
  const timers: NodeJS.Timeout[] = []
  const validators = validatorKeys.map(
    (key, index) =>
      new ValidatorProcess(index, key, {
        genesis,
        host,
        roundIntervalMs,
        ticketHashes: options.ticketHashes ?? DEVNET_TICKET_HASHES,
        pruning: options.pruning ?? {},
        dataDir,
        accounts,
        faucet,
        port: index === 0 ? port : 0,
        index: index === 0 ? (options.index ?? join(dataDir, 'validator-0', 'index.sqlite')) : undefined,
        onLinks: (wanted) => setLinks(wanted),
        onExit: (validator, reason) => {
          if (stopping) return
          const again = options.restart !== false
          onProgress(`validator ${validator.index} ended (${reason})${again ? '; starting it again' : ''}`)
          if (!again) return
          setTimeout(() => {
            if (!stopping)
              validator
                .start()
                .then(introduce, (error) => onProgress(`validator ${validator.index} does not start: ${error.message}`))
          }, RESTART_DELAY_MS)
        },
      }),
  )
  const setLinks = (wanted: DevLinks) => {
    checkLinks(wanted, count)
    links = { ...links, ...wanted }
    applyLinks()
  }
  const applyLinks = () => {
    const peerIds = validators.map(({ peerId }) => peerId)
    for (const validator of validators)
      validator.send({ type: 'link', conditions: conditionsOf(links, validator.index, peerIds) })
  }
  const introduce = () => {
    applyLinks()
    const addresses = validators.flatMap((validator) => validator.addresses)
    for (const validator of validators) validator.send({ type: 'peers', addresses })
  }
  const stop = async () => {
    stopping = true
    for (const timer of timers) clearTimeout(timer)
    if (options.state !== undefined && validators[0]!.pid !== undefined)
      await validators[0]!.dump(options.state).catch((error) => onProgress(`the state was not saved: ${error.message}`))
    await Promise.all(validators.map((validator) => validator.stop()))
    if (temporary) rmSync(dataDir, { recursive: true, force: true })
  }

  try {
    let started = 0
    await Promise.all(
      validators.map(async (validator) => {
        await validator.start()
        onProgress(`started validator ${++started} of ${count}`)
      }),
    )
    introduce()
  } catch (error) {
    options = { ...options, state: undefined as never }
    await stop()
    throw error
  }
  for (const validator of validators) validator.afterStart = introduce
  if (options.partition) {
    const { groups, fromMs, toMs } = options.partition
    timers.push(setTimeout(() => setLinks({ groups }), fromMs))
    if (toMs !== undefined) timers.push(setTimeout(() => setLinks({ groups: [] }), toMs))
  }
  return {
    genesis,
    accounts,
    mnemonic: options.mnemonic ?? TEST_MNEMONIC,
    validators,
    dataDir,
    setLinks,
    stop,
    rpcUrl: validators[0]!.rpcUrl,
    saveState: (file) => validators[0]!.dump(file),
  }
}

/** The accounts that an earlier network left in `file`; none when there is no such file yet. */
export function readState(file: string): GenesisAccount[] | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw invalid(`cannot read ${file}: ${(error as Error).message}`, { file })
  }
  try {
    const { accounts } = JSON.parse(text) as { accounts: GenesisAccount[] }
    if (Array.isArray(accounts)) return accounts
  } catch {}
  throw invalid(`${file} does not hold the state of a network`, { file })
}

function checkPort(host: string, port: number): Promise<void> {
  if (port === 0) return Promise.resolve()
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE'
        ? reject(
            new NodeError('NODE_PORT_TAKEN', `port ${port} on ${host} is taken; choose another with --port`, {
              host,
              port,
            }),
          )
        : reject(invalid(`cannot listen on ${host}:${port}: ${error.message}`, { host, port })),
    )
    server.listen(port, host, () => server.close(() => resolve()))
  })
}
