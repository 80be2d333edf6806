/**
 * Cuts a compiled contract into facets below the size limit of contracts and a router that holds them together at one address. The
 * facets are the same program as the original with functions left out: one storage layout, one set of internal functions, nothing that a
 * person has to keep in step.
 */
import { getCreate2Address, keccak256 } from 'ethers'
import { type CompiledContract, compileYul } from '../compile/compile.ts'
import { loadSolc, type Solc } from '../compile/solc.ts'
import { ZlibError } from '../errors.ts'
import { type ContractCode, type DispatchCase, parseContract } from '../yul/object.ts'
import { reachable } from './canonical.ts'
import { facetProgram } from './facet.ts'
import { routerProgram } from './router.ts'

/** EIP-170. */
export const MAX_CONTRACT_BYTES = 24_576
/** The factory that deploys by CREATE2 at the same address everywhere (EIP-7997 makes it a predeploy). */
export const CREATE2_FACTORY = '0x4e59b44847b379578588920cA78FbF26c0B4956C'
const SALT = `0x${'00'.repeat(32)}`
/** Bytes of code a token becomes, to begin with; corrected by what the first facets measure. */
const BYTES_PER_TOKEN = 0.6

/** Code that is deployed once per chain and shared by every application that contains it. */
export interface Facet {
  /** Where the standard factory puts it, on any chain. */
  readonly address: `0x${string}`
  /** keccak256 of the runtime code: equal modules have equal ones. */
  readonly codeHash: `0x${string}`
  readonly creation: `0x${string}`
  /** Bytes of the runtime code. */
  readonly size: number
  readonly selectors: readonly `0x${string}`[]
}

/** An application ready to be deployed. */
export interface SplitContract {
  readonly name: string
  readonly abi: CompiledContract['abi']
  readonly facets: readonly Facet[]
  /** Creation code of the router; constructor arguments go behind it. */
  readonly router: `0x${string}`
  /** Bytes of the router's runtime code. */
  readonly routerSize: number
  /** keccak256 of the router's runtime code. Arguments of the constructor do not change it: immutables are in storage. */
  readonly routerCodeHash: `0x${string}`
}

/** Settings of {@link splitContract}. */
export interface SplitOptions {
  /** Largest facet, bytes. Default: the limit of contracts. */
  readonly maxBytes?: number
  readonly solc?: Solc
  /** Told after each facet. */
  readonly onProgress?: (done: { facets: number; functionsLeft: number }) => void
  readonly signal?: AbortSignal
  /** Signatures that are to stand together in facets of their own, such as those of a standard token: shared with others. */
  readonly modules?: readonly (readonly string[])[]
}

/**
 * Splits `contract`. Errors: `ZLIB_CANNOT_SPLIT`, `ZLIB_FUNCTION_TOO_LARGE`, `ZLIB_UNKNOWN_IR`.
 * Cost: one run of the Yul compiler a facet and a try, seconds for large ones.
 */
export function splitContract(contract: CompiledContract, options: SplitOptions = {}): SplitContract {
  const { maxBytes = MAX_CONTRACT_BYTES, solc = loadSolc(), onProgress, signal } = options
  const code = parseContract(contract.ir)
  refuse(contract, code)
  const facets: Facet[] = []
  const groups = [...moduleGroups(contract, code, options.modules ?? []), code.cases].filter(
    (cases) => cases.length > 0,
  )
  const placed = new Set<string>()
  let bytesPerToken = BYTES_PER_TOKEN
  for (const group of groups) {
    let queue = group.filter(({ selector }) => !placed.has(selector))
    while (queue.length > 0) {
      let chosen = choose(code, queue, maxBytes / bytesPerToken)
      for (;;) {
        signal?.throwIfAborted()
        const program = facetProgram(code, chosen)
        const { creation, runtime } = compileYul(program, solc)
        refuseUnlinked(contract, creation)
        const size = runtime.length / 2 - 1
        if (size <= maxBytes) {
          facets.push(describe(creation, runtime, chosen))
          bytesPerToken = Math.max(0.1, Math.min(2, size / tokensOf(code, chosen)))
          break
        }
        if (chosen.length === 1) throw tooLarge(contract, chosen[0]!, size, maxBytes)
        chosen = chosen.slice(0, Math.max(1, Math.floor(((chosen.length * maxBytes) / size) * 0.9)))
      }
      for (const { selector } of chosen) placed.add(selector)
      queue = queue.filter(({ selector }) => !placed.has(selector))
      onProgress?.({ facets: facets.length, functionsLeft: code.cases.length - placed.size })
    }
  }
  const table = {
    facets: facets.map(({ address }) => address.toLowerCase() as `0x${string}`),
    bySelector: new Map(
      facets.flatMap(({ selectors }, index) => selectors.map((selector) => [selector, index] as const)),
    ),
  }
  const router = compileYul(routerProgram(code, table), solc)
  return {
    name: contract.name,
    abi: contract.abi,
    facets,
    router: router.creation,
    routerSize: router.runtime.length / 2 - 1,
    routerCodeHash: keccak256(router.runtime) as `0x${string}`,
  }
}

function describe(creation: `0x${string}`, runtime: `0x${string}`, cases: readonly DispatchCase[]): Facet {
  return {
    address: getCreate2Address(CREATE2_FACTORY, SALT, keccak256(creation)) as `0x${string}`,
    codeHash: keccak256(runtime) as `0x${string}`,
    creation,
    size: runtime.length / 2 - 1,
    selectors: cases.map(({ selector }) => selector),
  }
}

/** Where a library's address is still to be filled in, solc writes `__$…$__`. */
function refuseUnlinked({ name }: CompiledContract, creation: string): void {
  if (!creation.includes('__$')) return
  const reason = 'it calls an external library that is not linked; make its functions internal'
  throw new ZlibError('ZLIB_CANNOT_SPLIT', `${name} cannot be split: ${reason}`, { contract: name, reason })
}

/** What does not survive being cut apart, with the reason. */
function refuse(contract: CompiledContract, code: ContractCode): void {
  const because = (reason: string) =>
    new ZlibError('ZLIB_CANNOT_SPLIT', `${contract.name} cannot be split: ${reason}`, {
      contract: contract.name,
      reason,
    })
  if ('upgradeToAndCall(address,bytes)' in contract.selectors && code.immutables.length > 0)
    throw because(
      'UUPS compares its own address with an immutable that would be the router; make the router upgradeable instead',
    )
  const destroys = [...code.functions.values()].some(({ tokens }) => tokens.some(({ text }) => text === 'selfdestruct'))
  if (destroys) throw because('selfdestruct in a facet would act on the router')
}

/** The cases of each module that the contract has in full; the rest is no module. */
function moduleGroups(
  contract: CompiledContract,
  code: ContractCode,
  modules: readonly (readonly string[])[],
): DispatchCase[][] {
  return modules.map((signatures) => {
    const selectors = signatures.map((signature) => {
      const selector = contract.selectors[signature]
      if (!selector)
        throw new ZlibError('ZLIB_INVALID_ARGUMENT', `${contract.name} has no function ${signature}`, { signature })
      return `0x${selector}`
    })
    return code.cases.filter(({ selector }) => selectors.includes(selector))
  })
}

/** Takes functions while their estimated size fits, next always the one that shares most with what is taken. */
function choose(code: ContractCode, queue: readonly DispatchCase[], budgetTokens: number): DispatchCase[] {
  const needs = new Map(queue.map((one) => [one, reachable(code, one.body)]))
  const length = (name: string) => code.functions.get(name)!.tokens.length
  const taken = new Set<string>()
  const chosen: DispatchCase[] = []
  const left = new Set(queue)
  let used = 0
  while (left.size > 0) {
    let best: DispatchCase | undefined
    let bestCost = Number.POSITIVE_INFINITY
    for (const candidate of left) {
      let cost = candidate.body.length
      for (const name of needs.get(candidate)!) if (!taken.has(name)) cost += length(name)
      if (cost < bestCost) {
        best = candidate
        bestCost = cost
      }
    }
    if (!best || (chosen.length > 0 && used + bestCost > budgetTokens)) break
    chosen.push(best)
    left.delete(best)
    used += bestCost
    for (const name of needs.get(best)!) taken.add(name)
  }
  return chosen
}

function tokensOf(code: ContractCode, cases: readonly DispatchCase[]): number {
  const names = reachable(
    code,
    cases.flatMap(({ body }) => body),
  )
  return names.reduce((sum, name) => sum + code.functions.get(name)!.tokens.length, 1)
}

function tooLarge(contract: CompiledContract, { selector }: DispatchCase, size: number, maxBytes: number): ZlibError {
  const signature = Object.entries(contract.selectors).find(([, value]) => `0x${value}` === selector)?.[0] ?? selector
  return new ZlibError(
    'ZLIB_FUNCTION_TOO_LARGE',
    `${signature} of ${contract.name} alone needs ${size} bytes, a contract has ${maxBytes}; move parts of it into functions that it calls by this.f()`,
    { signature, size, maxBytes },
  )
}
