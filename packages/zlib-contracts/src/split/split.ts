/**
 * Cuts a compiled contract into facets below the size limit of contracts and a router that holds them together at one address. The
 * facets are the same program as the original with functions left out: one storage layout, one set of internal functions, nothing that a
 * person has to keep in step.
 */
import { keccak256 } from 'ethers'
import { type CompiledContract, type CompiledYul, compileYul } from '../compile/compile.ts'
import { loadSolc, type Solc } from '../compile/solc.ts'
import { ZlibError } from '../errors.ts'
import { type ContractCode, type DispatchCase, parseContract } from '../yul/object.ts'
import { create2Address } from './create2.ts'
import { facetProgram } from './facet.ts'
import { type Library, linking } from './libraries.ts'
import { MAX_CONTRACT_BYTES } from './limits.ts'
import { partition, tokensOf } from './plan.ts'
import { refuseUnsplittable } from './refuse.ts'
import { routerProgram } from './router.ts'

/** Bytes of code a token becomes, to begin with; corrected by what the first facets measure. */
const BYTES_PER_TOKEN = 0.6
/** Part of the limit that groups are planned for: what is measured varies between them. */
const FILL = 0.96

/** Times that facets are filled again, with what was learned, when they could be fewer. */
const REFINEMENTS = 2

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

/** A place in the router's runtime code that the constructor fills. */
export interface ImmutablePlace {
  /** What solc calls the immutable: the number of its declaration. */
  readonly name: string
  /** Byte of the runtime code. */
  readonly start: number
  /** Bytes. */
  readonly length: number
}

/** An application ready to be deployed. */
export interface SplitContract<Abi extends CompiledContract['abi'] = CompiledContract['abi']> {
  readonly name: string
  readonly abi: Abi
  /** External libraries, in the order in which they are deployed. */
  readonly libraries: readonly Library[]
  readonly facets: readonly Facet[]
  /** Creation code of the router; constructor arguments go behind it. */
  readonly router: `0x${string}`
  /** Bytes of the router's runtime code. */
  readonly routerSize: number
  /** keccak256 of the router's runtime code with zeros for the immutables. */
  readonly routerCodeHash: `0x${string}`
  /** Where the immutables are in it. */
  readonly routerImmutables: readonly ImmutablePlace[]
}

/** Settings of {@link splitContract}. */
export interface SplitOptions {
  /** Largest facet, bytes. Default: the limit of contracts. */
  readonly maxBytes?: number
  readonly solc?: Solc
  /** Told after each facet. */
  readonly onProgress?: (done: SplitProgress) => void
  readonly signal?: AbortSignal
  /** Signatures that are to stand together in facets of their own, such as those of a standard token: shared with others. */
  readonly modules?: readonly (readonly string[])[]
  /** Addresses of external libraries that are on the chain already, by `file:Name`. Others become part of the application. */
  readonly libraries?: Readonly<Record<string, string>>
}

/** How far a split is. */
export interface SplitProgress {
  readonly facets: number
  readonly functionsLeft: number
}

/**
 * Splits `contract`. Errors: `ZLIB_CANNOT_SPLIT`, `ZLIB_FUNCTION_TOO_LARGE`, `ZLIB_UNKNOWN_IR`.
 * Cost: one run of the Yul compiler a facet and a try, seconds for large ones.
 */
export function splitContract(contract: CompiledContract, options: SplitOptions = {}): SplitContract {
  const { solc = loadSolc(), signal } = options
  const steps = splitting(contract, options)
  let step = steps.next()
  while (!step.done)
    step = steps.next(
      step.value.map((program) => {
        signal?.throwIfAborted()
        return compileYul(program, solc)
      }),
    )
  return step.value
}

/**
 * The same in steps, so that the programs of a step may be compiled side by side: gives Yul programs that do not depend on each other, takes
 * their bytes. What comes out does not depend on how they were compiled.
 */
export function* splitting(
  contract: CompiledContract,
  options: Omit<SplitOptions, 'solc'> = {},
): Generator<readonly string[], SplitContract, readonly CompiledYul[]> {
  options.signal?.throwIfAborted()
  const linked = yield* linking(contract, options.libraries)
  const code = parseContract(linked.ir)
  refuseUnsplittable(contract, code)
  const pieces = yield* cutFacets(contract, code, options)
  const [router] = yield [
    routerProgram(
      code,
      pieces.map(({ facet: { address, selectors }, immutables }) => ({ address, selectors, immutables })),
    ),
  ]
  const { creation, runtime, immutables } = router!
  return {
    name: contract.name,
    abi: contract.abi,
    libraries: linked.linked,
    facets: pieces.map(({ facet }) => facet),
    router: creation,
    routerSize: runtime.length / 2 - 1,
    // solc leaves zeros where the constructor will write.
    routerCodeHash: keccak256(runtime) as `0x${string}`,
    routerImmutables: Object.entries(immutables)
      .flatMap(([name, places]) => places.map(({ start, length }) => ({ name, start, length })))
      .sort((a, b) => a.start - b.start),
  }
}

interface Piece {
  readonly facet: Facet
  readonly immutables: readonly string[]
}

function* cutFacets(
  contract: CompiledContract,
  code: ContractCode,
  options: Omit<SplitOptions, 'solc'>,
): Generator<readonly string[], Piece[], readonly CompiledYul[]> {
  const { maxBytes = MAX_CONTRACT_BYTES, modules = [] } = options
  const groups = groupsOf(contract, code, modules)
  const estimate = { bytesPerToken: BYTES_PER_TOKEN, measured: false }
  let best = yield* fillFacets(contract, code, groups, estimate, options)
  for (let round = 0; round < REFINEMENTS; round++) {
    const bytes = (pieces: readonly Piece[]) => pieces.reduce((sum, { facet }) => sum + facet.size, 0)
    const enough = best.reduce((sum, pieces) => sum + Math.ceil(bytes(pieces) / (maxBytes * FILL)), 0)
    if (best.flat().length <= enough) break
    const again = yield* fillFacets(contract, code, groups, estimate, options)
    if (again.flat().length >= best.flat().length) break
    best = again
  }
  return best.flat()
}

/** What a token becomes, as far as it is known: the first facets measure it. */
interface Estimate {
  bytesPerToken: number
  measured: boolean
}

/** Fills facets with the functions of each group, and learns from their sizes. */
function* fillFacets(
  contract: CompiledContract,
  code: ContractCode,
  groups: readonly (readonly DispatchCase[])[],
  estimate: Estimate,
  { maxBytes = MAX_CONTRACT_BYTES, onProgress }: Omit<SplitOptions, 'solc'>,
): Generator<readonly string[], Piece[][], readonly CompiledYul[]> {
  const queues = [...groups]
  const pieces: Piece[][] = queues.map(() => [])
  let left = code.cases.length
  while (queues.some((queue) => queue.length > 0)) {
    const tries = queues.flatMap((queue, index) => {
      const budget = (maxBytes * (estimate.measured ? FILL : 1)) / estimate.bytesPerToken
      const parts = partition(code, queue, budget)
      // The first part of each measures how many bytes a token becomes; the others follow side by side.
      return (estimate.measured ? parts : parts.slice(0, 1)).map((cases) => ({
        index,
        cases,
        ...facetProgram(code, cases),
      }))
    })
    const compiled = yield tries.map(({ source }) => source)
    const tooBig: number[] = []
    let [bytes, tokens] = [0, 0]
    for (const [at, { index, cases, immutables }] of tries.entries()) {
      const { creation, runtime } = compiled[at]!
      const size = runtime.length / 2 - 1
      const length = tokensOf(code, cases)
      bytes += size
      tokens += length
      if (size > maxBytes) {
        if (cases.length === 1) throw tooLarge(contract, cases[0]!, size, maxBytes)
        tooBig.push(size / length)
        continue
      }
      const placed = new Set(cases)
      queues[index] = queues[index]!.filter((one) => !placed.has(one))
      left -= cases.length
      pieces[index]!.push({ facet: describe(creation, runtime, cases), immutables })
      onProgress?.({ facets: pieces.flat().length, functionsLeft: left })
    }
    // Where nothing fitted, more than was measured: the same group would be tried again.
    if (tooBig.length === tries.length) estimate.bytesPerToken = 1.1 * Math.max(estimate.bytesPerToken, ...tooBig)
    else estimate.bytesPerToken = tooBig.length > 0 ? Math.max(...tooBig) : bytes / tokens
    estimate.measured = true
  }
  return pieces
}

function describe(creation: `0x${string}`, runtime: `0x${string}`, cases: readonly DispatchCase[]): Facet {
  return {
    address: create2Address(creation),
    codeHash: keccak256(runtime) as `0x${string}`,
    creation,
    size: runtime.length / 2 - 1,
    selectors: cases.map(({ selector }) => selector),
  }
}

/** The cases of each module, then the rest; each case once. */
function groupsOf(
  contract: CompiledContract,
  code: ContractCode,
  modules: readonly (readonly string[])[],
): DispatchCase[][] {
  const taken = new Set<DispatchCase>()
  const take = (cases: readonly DispatchCase[]) => {
    const fresh = cases.filter((one) => !taken.has(one))
    for (const one of fresh) taken.add(one)
    return fresh
  }
  const groups = modules.map((signatures) => {
    const selectors = new Set(
      signatures.map((signature) => {
        const selector = contract.selectors[signature]
        if (!selector)
          throw new ZlibError('ZLIB_INVALID_ARGUMENT', `${contract.name} has no function ${signature}`, { signature })
        return `0x${selector}`
      }),
    )
    return take(code.cases.filter(({ selector }) => selectors.has(selector)))
  })
  return [...groups, take(code.cases)]
}

function tooLarge(contract: CompiledContract, { selector }: DispatchCase, size: number, maxBytes: number): ZlibError {
  const signature = Object.entries(contract.selectors).find(([, value]) => `0x${value}` === selector)?.[0] ?? selector
  return new ZlibError(
    'ZLIB_FUNCTION_TOO_LARGE',
    `${signature} of ${contract.name} alone needs ${size} bytes, a contract has ${maxBytes}; move parts of it into functions that it calls by this.f()`,
    { signature, size, maxBytes },
  )
}
