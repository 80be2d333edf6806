/** The folder of a local network: its genesis, and a folder for each validator. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isNodeError, NodeError } from '../errors.ts'
import { type DevnetGenesis, devnetGenesis } from '../genesis/devnet-genesis.ts'
import type { GenesisAccount } from '../genesis/genesis.ts'
import { parseGenesis } from '../genesis/parse-genesis.ts'
import { makeDirectory } from '../store/directory.ts'
import { invalid } from './limits.ts'

export interface NetworkShape {
  validators: number
  accounts?: number | undefined
  /** Wei. */
  balance?: bigint | undefined
  mnemonic?: string | undefined
  chainId?: number | undefined
  /** The network's name in IBC. */
  ibc?: string | undefined
  epochRounds?: number | undefined
  /** Gas of one block. */
  gasLimit?: bigint | undefined
  termRounds?: number | undefined
  /** Accounts of an earlier network. */
  state?: readonly GenesisAccount[] | undefined
}

/** Opens the network in `dataDir`, or begins one. Errors: `NODE_INVALID_ARGUMENT`, `NODE_DATA_DIR`. */
export function openDataDir(dataDir: string, shape: NetworkShape, reset: boolean): DevnetGenesis {
  const file = join(dataDir, 'genesis.json')
  const { validators, ...rest } = shape
  try {
    makeDirectory(dataDir)
    if (reset) clear(dataDir, file)
    if (!existsSync(file)) {
      const fresh = devnetGenesis({ validators, timestampMs: Date.now(), ...rest })
      const text = `${JSON.stringify(fresh.genesis, null, 2)}\n`
      // What could not be opened again is not begun.
      parseGenesis(text)
      writeFileSync(file, text)
      return fresh
    }
    const genesis = parseGenesis(readFileSync(file, 'utf8'), file)
    if (genesis.validators.length !== validators)
      throw invalid(
        `${dataDir} holds a network of ${genesis.validators.length} validators; start it with --validators ${genesis.validators.length}, or begin anew with --reset`,
        { dataDir, validators },
      )
    return { ...devnetGenesis({ validators, timestampMs: genesis.timestampMs, ...rest }), genesis }
  } catch (error) {
    if (isNodeError(error)) throw error
    const { message } = error as Error
    throw new NodeError('NODE_DATA_DIR', `cannot use ${dataDir}: ${message}`, { dataDir }, { cause: error })
  }
}

function clear(dataDir: string, genesisFile: string): void {
  rmSync(genesisFile, { force: true })
  for (let index = 0; existsSync(join(dataDir, `validator-${index}`)); index++)
    rmSync(join(dataDir, `validator-${index}`), { recursive: true, force: true })
}
