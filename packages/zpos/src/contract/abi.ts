/** The consensus contract's interface for Solidity and ethers, and the few types of the Ethereum ABI that it needs. */
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'

/** Human-readable ABI, as `new ethers.Contract(CONSENSUS_ADDRESS, CONSENSUS_ABI)` takes it. */
export const CONSENSUS_ABI = [
  'function register(bytes publicKey, bytes possession, bytes32 vrfKey, bytes isogenyKey, uint16 commissionBps) payable',
  'function bond() payable',
  'function delegate(address validator) payable',
  'function unbond(address validator, uint256 amount)',
  'function withdraw() returns (uint256 amount)',
  'function redelegate(address from, address to, uint256 amount)',
  'function setCommission(uint16 commissionBps)',
  'function rotateKey(bytes publicKey, bytes possession)',
  'function setIsogenyKey(bytes isogenyKey)',
  'function unjail()',
  'function claim(address validator)',
  'function release() returns (uint256 amount)',
  'function submitEvidence(bytes evidence) returns (uint256 taken)',
  'function epoch() view returns (uint256 epoch)',
  'function committee() view returns (address[] keys, uint256[] stakes)',
  'function candidate(address owner) view returns (uint256 tokens, uint16 commissionBps, bool jailed, bool tombstoned, address key)',
  'function keysOf(address owner) view returns (bytes publicKey, bytes32 vrfKey, bytes isogenyKey)',
  'function ownerOf(address key) view returns (address owner)',
  'function delegation(address validator, address delegator) view returns (uint256 amount)',
  'function pendingRewards(address validator, address delegator) view returns (uint256 amount)',
  'function minSelfBond() view returns (uint256 amount)',
  'event Registered(address indexed validator, address indexed account, uint256 amount)',
  'event Delegated(address indexed validator, address indexed account, uint256 amount)',
  'event Unbonding(address indexed validator, address indexed account, uint256 amount)',
  'event Redelegated(address indexed validator, address indexed account, uint256 amount)',
  'event Rewarded(address indexed validator, address indexed account, uint256 amount)',
  'event KeyRotated(address indexed validator, address indexed account, uint256 amount)',
  'event Unjailed(address indexed validator, address indexed account, uint256 amount)',
  'event Slashed(address indexed validator, address indexed account, uint256 amount)',
  'error Refused(string reason)',
] as const

/** A value of the ABI: addresses and byte strings in hexadecimal, numbers as bigint. */
export type AbiValue = bigint | string | boolean | readonly bigint[] | readonly string[]

/** A function of the interface, parsed. */
export interface AbiFunction {
  readonly name: string
  readonly selector: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly payable: boolean
  readonly view: boolean
}

const WORD = 32

function typesOf(list: string): string[] {
  return list === '' ? [] : list.split(',').map((part) => part.trim().split(' ')[0]!)
}

/** First four bytes of Keccak-256 of `name(types)`. */
export function selectorOf(signature: string): string {
  return bytesToHex(keccak_256(utf8ToBytes(signature)).subarray(0, 4))
}

/** The functions by selector. */
export const CONSENSUS_FUNCTIONS: ReadonlyMap<string, AbiFunction> = new Map(
  CONSENSUS_ABI.filter((line) => line.startsWith('function')).map((line) => {
    const [, name, inputs, rest] = /^function (\w+)\(([^)]*)\)(.*)$/.exec(line)!
    const outputs = /returns \(([^)]*)\)/.exec(rest!)?.[1] ?? ''
    const selector = selectorOf(`${name}(${typesOf(inputs!)})`)
    const parsed: AbiFunction = {
      name: name!,
      selector,
      inputs: typesOf(inputs!),
      outputs: typesOf(outputs),
      payable: rest!.includes('payable'),
      view: rest!.includes('view'),
    }
    return [selector, parsed]
  }),
)

function word(number: bigint): Uint8Array {
  return hexToBytes(number.toString(16).padStart(2 * WORD, '0'))
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / WORD) * WORD)
  whole.set(bytes)
  return whole
}

const isDynamic = (type: string): boolean => type === 'bytes' || type === 'string' || type.endsWith('[]')

function encodeStatic(type: string, value: AbiValue): Uint8Array {
  if (type === 'bool') return word(value === true ? 1n : 0n)
  if (type === 'bytes32') return hexToBytes((value as string).replace(/^0x/, ''))
  return word(BigInt(value as bigint | string)) // uint… and address
}

function encodeDynamic(type: string, value: AbiValue): Uint8Array {
  if (type.endsWith('[]')) {
    const items = value as readonly (bigint | string)[]
    return concatBytes(word(BigInt(items.length)), ...items.map((item) => encodeStatic(type.slice(0, -2), item)))
  }
  const bytes = type === 'string' ? utf8ToBytes(value as string) : hexToBytes((value as string).replace(/^0x/, ''))
  return concatBytes(word(BigInt(bytes.length)), padded(bytes))
}

/** Encodes values as the arguments or results of a function. */
export function encodeAbi(types: readonly string[], values: readonly AbiValue[]): Uint8Array {
  let offset = types.length * WORD
  const heads: Uint8Array[] = []
  const tails: Uint8Array[] = []
  for (const [i, type] of types.entries()) {
    if (!isDynamic(type)) {
      heads.push(encodeStatic(type, values[i]!))
      continue
    }
    const tail = encodeDynamic(type, values[i]!)
    heads.push(word(BigInt(offset)))
    tails.push(tail)
    offset += tail.length
  }
  return concatBytes(...heads, ...tails)
}

/** Decodes arguments or results of the types of this interface; undefined if the data is short or a value out of range. */
export function decodeAbi(types: readonly string[], data: Uint8Array): AbiValue[] | undefined {
  const values: AbiValue[] = []
  for (const [i, type] of types.entries()) {
    const value = isDynamic(type) ? decodeDynamic(type, data, i * WORD) : decodeStatic(type, data, i * WORD)
    if (value === undefined) return undefined
    values.push(value)
  }
  return values
}

function wordAt(data: Uint8Array, at: number): bigint | undefined {
  return at + WORD <= data.length ? BigInt(`0x${bytesToHex(data.subarray(at, at + WORD))}`) : undefined
}

function decodeStatic(type: string, data: Uint8Array, at: number): bigint | string | boolean | undefined {
  const head = wordAt(data, at)
  if (head === undefined) return undefined
  if (type === 'bytes32') return `0x${head.toString(16).padStart(64, '0')}`
  if (type === 'bool') return head > 1n ? undefined : head === 1n
  if (type === 'address') return head >> 160n === 0n ? `0x${head.toString(16).padStart(40, '0')}` : undefined
  return head >> BigInt(type.slice('uint'.length)) === 0n ? head : undefined
}

function decodeDynamic(type: string, data: Uint8Array, at: number): AbiValue | undefined {
  const offset = wordAt(data, at)
  const length = offset !== undefined && offset < BigInt(data.length) ? wordAt(data, Number(offset)) : undefined
  const isList = type.endsWith('[]')
  const size = length === undefined ? undefined : isList ? length * BigInt(WORD) : length
  if (length === undefined || size === undefined || offset! + BigInt(WORD) + size > BigInt(data.length))
    return undefined
  const start = Number(offset) + WORD
  if (isList) {
    const items: (bigint | string)[] = []
    for (let i = 0; i < Number(length); i++) {
      const item = decodeStatic(type.slice(0, -2), data, start + i * WORD)
      if (item === undefined || typeof item === 'boolean') return undefined
      items.push(item)
    }
    return items as readonly bigint[] | readonly string[]
  }
  const bytes = data.subarray(start, start + Number(length))
  return type === 'string' ? new TextDecoder().decode(bytes) : `0x${bytesToHex(bytes)}`
}

/** The data of a revert: `Refused(string)`. */
export function encodeRefusal(reason: string): Uint8Array {
  return concatBytes(hexToBytes(selectorOf('Refused(string)')), encodeAbi(['string'], [reason]))
}

/** The first topic of an event of this interface. */
export function eventTopic(name: string): string {
  return `0x${bytesToHex(keccak_256(utf8ToBytes(`${name}(address,address,uint256)`)))}`
}
