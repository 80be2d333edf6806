/** What the node answers, as far as the pages read it. */

/** `zos_getUnit`; `leader` only from `zos_getUnits`. */
export interface Unit {
  id: string
  round: number | null
  author: string
  height: number
  /** Main-chain index, null until the unit is final. */
  mci: number | null
  mainChain: boolean
  block: number | null
  leader?: boolean
  timestampMs: number
  parents: string[]
}

export interface Status {
  chainId: number
  validator: string | null
  peers: number
  round: number
  block: number
  epoch: number
  mci: number
  units: number
  backlog: number
  pool: number
  producing: boolean
  rssBytes: number
  lagP99Ms: number
}

export interface Transaction {
  hash: string
  blockNumber: string | null
  transactionIndex: string | null
  from: string
  to: string | null
  type: string
  nonce: string
  gas: string
  gasPrice: string
  value: string
  input: string
}

export interface Block {
  number: string
  hash: string
  parentHash: string
  stateRoot: string
  miner: string
  timestamp: string
  gasUsed: string
  gasLimit: string
  baseFeePerGas: string
  size: string
  transactions: string[]
}

export interface Receipt {
  status: string
  contractAddress: string | null
  gasUsed: string
  effectiveGasPrice: string
  logs: { address: string; topics: string[]; data: string }[]
}

export interface TransactionUnit {
  unit: string
  height: number
  mci: number
  block: number
}

export interface BlockUnits {
  leader: string
  round: number
  units: { id: string; mci: number; height: number }[]
}

export function hex(number: number): string {
  return `0x${number.toString(16)}`
}
