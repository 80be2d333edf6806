/** From sources to an application, with compilers side by side: the long way, that can be watched and stopped. */
import { type CompiledContract, type CompileOptions, compiling, readYul, yulJob } from '../compile/compile.ts'
import { createSolcPool, type SolcPool, type SolcPoolOptions } from '../compile/pool.ts'
import { type SplitContract, type SplitOptions, type SplitProgress, splitting } from '../split/split.ts'

/** How far a build is. */
export type BuildProgress =
  | { readonly stage: 'compiling'; readonly contract: string }
  | ({ readonly stage: 'splitting' } & SplitProgress)
  | { readonly stage: 'done'; readonly facets: number }

/** Settings of {@link buildContract}. */
export interface BuildOptions
  extends Omit<CompileOptions, 'solc'>,
    Omit<SplitOptions, 'solc' | 'onProgress' | 'modules'>,
    SolcPoolOptions {
  /** Compilers that are there already, to use instead of starting some. They are not closed. */
  readonly pool?: SolcPool
  readonly onProgress?: (progress: BuildProgress) => void
  /** As of `splitContract`; or chosen when it is known which functions the contract has. */
  readonly modules?: SplitOptions['modules'] | ((compiled: CompiledContract) => SplitOptions['modules'])
}

/** A compiled contract and what it was cut into. */
export interface BuiltContract {
  readonly compiled: CompiledContract
  readonly split: SplitContract
}

/**
 * Compiles and splits, facets side by side in threads. The result is that of `compileContract` and `splitContract`, to the byte, whatever
 * the number of threads. Errors: theirs; the signal's reason when aborted, within moments, also in the middle of a run of the compiler.
 */
export async function buildContract(options: BuildOptions): Promise<BuiltContract> {
  const { pool = createSolcPool(options), signal, onProgress } = options
  try {
    onProgress?.({ stage: 'compiling', contract: options.contract })
    const compiled = await compileWith(pool, options, signal)
    const split = await splitWith(pool, compiled, options)
    onProgress?.({ stage: 'done', facets: split.facets.length })
    return { compiled, split }
  } finally {
    if (!options.pool) await pool.close()
  }
}

async function compileWith(pool: SolcPool, options: BuildOptions, signal?: AbortSignal): Promise<CompiledContract> {
  let version = ''
  const jobs = compiling(options, () => version)
  let job = jobs.next()
  while (!job.done) {
    const answer = await pool.run(job.value, signal)
    version ||= await pool.version()
    job = jobs.next(answer)
  }
  return job.value
}

async function splitWith(pool: SolcPool, compiled: CompiledContract, options: BuildOptions): Promise<SplitContract> {
  const { onProgress, signal, modules, ...others } = options
  const chosen = typeof modules === 'function' ? modules(compiled) : modules
  const steps = splitting(compiled, {
    ...others,
    ...(chosen && { modules: chosen }),
    ...(signal && { signal }),
    onProgress: (done) => onProgress?.({ stage: 'splitting', ...done }),
  })
  let step = steps.next()
  while (!step.done) {
    const programs = step.value
    step = steps.next(
      await Promise.all(programs.map(async (program) => readYul(await pool.run(yulJob(program), signal)))),
    )
  }
  return step.value
}
