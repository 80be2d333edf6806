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
  devnet: boolean
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

/** `zos_getTransactionsOf` and the like: a page, and where the next one begins. */
export interface Listing<Entry> {
  entries: Entry[]
  next: { block: number; position: number } | null
}

export interface ActivityEntry {
  block: number
  position: number
  hash: string
}

export interface TransferEntry extends ActivityEntry {
  token: string
  standard: 'erc20' | 'erc721' | 'erc1155'
  from: string
  to: string
  amount: string
  /** Of an ERC-1155. */
  id: string | null
}

export interface Creation {
  creator: string
  hash: string
  block: number
}

interface Place {
  unit: string
  mci: number | null
  height: number
}

export interface Conflict extends ActivityEntry {
  unit: string
  reason: string
  sender: string
  nonce: number
  winner: string | null
  decided: {
    winner: Place
    loser: Place
    rule: 'same-unit' | 'smaller-index' | 'smaller-height' | 'smaller-id'
  } | null
}

export interface Validators {
  epoch: number
  baseRound: number
  quorum: string
  rounds: { from: number; to: number }
  blocks: { from: number; to: number }
  validators: { address: string; stake: string; units: number; lastRound: number | null; led: number }[]
  slots: { round: number; leader: string }[]
}

/** The answer of `zos_terms`. */
export interface Terms {
  epoch: number
  term: number
  firstRound: number
  endedBy: string | null
  speaker: string
  /** Speaker first. */
  ranking: string[]
  /** Leaders that stayed silent in this term. */
  demoted: string[]
  next: {
    term: number
    seed: string | null
    tickets: { candidate: string; nonce: string; hash: string; unit: string }[]
  }
}
