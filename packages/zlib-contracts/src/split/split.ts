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

/** Bytes of code a token becomes, to begin with: rather too many, since a first facet above the limit is thrown away. Corrected by what the first facets measure. */
const BYTES_PER_TOKEN = 0.43
/** Part of the limit that groups are planned for: what is measured varies between them. */
const FILL = 0.96
/** Facets that are filled less than this on average are filled again. */
const POOR_FILL = 0.85

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
  /** `modules`: cut the modules and nothing else; what comes out lacks functions and is not to be deployed. */
  readonly only?: 'modules'
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
  const { maxBytes = MAX_CONTRACT_BYTES } = options
  const { modules, rest } = groupsOf(contract, code, options.modules ?? [], options.only)
  const estimate = { bytesPerToken: BYTES_PER_TOKEN, measured: false }
  const first = yield* fillFacets(contract, code, modules, rest, estimate, options)
  let best = first.rest
  for (let round = 0; round < REFINEMENTS; round++) {
    const bytes = best.reduce((sum, { facet }) => sum + facet.size, 0)
    if (best.length <= Math.ceil(bytes / (maxBytes * POOR_FILL))) break
    const again = yield* fillFacets(contract, code, [], rest, estimate, options)
    if (again.rest.length >= best.length) break
    best = again.rest
  }
  return [...first.modules, ...best]
}

/** What a token becomes, as far as it is known: the first facets measure it. */
interface Estimate {
  bytesPerToken: number
  measured: boolean
}

/**
 * Fills facets with functions, and learns from their sizes. A module stands alone, whole where it fits and else in halves, so that it does not
 * depend on what else an application has.
 */
function* fillFacets(
  contract: CompiledContract,
  code: ContractCode,
  modules: readonly (readonly DispatchCase[])[],
  rest: readonly DispatchCase[],
  estimate: Estimate,
  { maxBytes = MAX_CONTRACT_BYTES, onProgress }: Omit<SplitOptions, 'solc'>,
): Generator<readonly string[], { modules: Piece[]; rest: Piece[] }, readonly CompiledYul[]> {
  const done: { modules: { readonly index: number; readonly piece: Piece }[]; rest: Piece[] } = {
    modules: [],
    rest: [],
  }
  let whole = modules.map((cases, index) => ({ cases, index })).filter(({ cases }) => cases.length > 0)
  let queue = rest
  while (whole.length > 0 || queue.length > 0) {
    const parts = partition(code, queue, (maxBytes * (estimate.measured ? FILL : 1)) / estimate.bytesPerToken)
    // The first part measures how many bytes a token becomes; the others follow side by side.
    const filled = (estimate.measured ? parts : parts.slice(0, 1)).map((cases) => ({ cases, index: undefined }))
    // Filled facets are the longest to compile and the next step waits for them: they go first, so that no compiler is left alone with one.
    const tries = [...filled, ...whole].map((one) => ({ ...one, ...facetProgram(code, one.cases) }))
    whole = []
    const compiled = yield tries.map(({ source }) => source)
    const sizes = compiled.map(({ runtime }) => runtime.length / 2 - 1)
    for (const [at, { index, cases, immutables }] of tries.entries()) {
      if (sizes[at]! > maxBytes) {
        if (cases.length === 1) throw tooLarge(contract, cases[0]!, sizes[at]!, maxBytes)
        if (index !== undefined) whole.push(...halves(cases).map((half) => ({ cases: half, index })))
        continue
      }
      const piece = { facet: describe(compiled[at]!.creation, compiled[at]!.runtime, cases), immutables }
      if (index !== undefined) done.modules.push({ index, piece })
      else {
        const placed = new Set(cases)
        queue = queue.filter((one) => !placed.has(one))
        done.rest.push(piece)
      }
      const functionsLeft = queue.length + whole.reduce((sum, { cases }) => sum + cases.length, 0)
      onProgress?.({ facets: done.modules.length + done.rest.length, functionsLeft })
    }
    learn(
      estimate,
      tries.flatMap(({ index, cases }, at) =>
        index === undefined ? [{ bytes: sizes[at]!, tokens: tokensOf(code, cases), fits: sizes[at]! <= maxBytes }] : [],
      ),
    )
  }
  return { modules: done.modules.sort((a, b) => a.index - b.index).map(({ piece }) => piece), rest: done.rest }
}

function learn(
  estimate: Estimate,
  measured: readonly { readonly bytes: number; readonly tokens: number; readonly fits: boolean }[],
): void {
  if (measured.length === 0) return
  const tooBig = measured.filter(({ fits }) => !fits).map(({ bytes, tokens }) => bytes / tokens)
  const sum = (of: 'bytes' | 'tokens') => measured.reduce((total, one) => total + one[of], 0)
  // Where nothing fitted, more than was measured: the same group would be tried again.
  if (tooBig.length === measured.length) estimate.bytesPerToken = 1.1 * Math.max(estimate.bytesPerToken, ...tooBig)
  else estimate.bytesPerToken = tooBig.length > 0 ? Math.max(...tooBig) : sum('bytes') / sum('tokens')
  estimate.measured = true
}

function halves<T>(all: readonly T[]): [T[], T[]] {
  const middle = Math.ceil(all.length / 2)
  return [all.slice(0, middle), all.slice(middle)]
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

/** The cases of each module, by selector, and the rest; each case once. */
function groupsOf(
  contract: CompiledContract,
  code: ContractCode,
  modules: readonly (readonly string[])[],
  only: SplitOptions['only'],
): { modules: DispatchCase[][]; rest: DispatchCase[] } {
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
    return take(code.cases.filter(({ selector }) => selectors.has(selector as `0x${string}`))).sort((a, b) =>
      a.selector < b.selector ? -1 : 1,
    )
  })
  return { modules: groups, rest: only === 'modules' ? [] : take(code.cases) }
}

function tooLarge(contract: CompiledContract, { selector }: DispatchCase, size: number, maxBytes: number): ZlibError {
  const signature = Object.entries(contract.selectors).find(([, value]) => `0x${value}` === selector)?.[0] ?? selector
  return new ZlibError(
    'ZLIB_FUNCTION_TOO_LARGE',
    `${signature} of ${contract.name} alone needs ${size} bytes, a contract has ${maxBytes}; move parts of it into functions that it calls by this.f()`,
    { signature, size, maxBytes },
  )
}
