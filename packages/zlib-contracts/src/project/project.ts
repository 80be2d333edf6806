/** A folder with Solidity files: what the command line compiles and where it writes. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { formatArtifact, parseArtifact } from '../artifact/artifact.ts'
import { type BuildProgress, type BuiltContract, buildContract } from '../build/build.ts'
import { cachedSolc, solcName } from '../cache/cached-solc.ts'
import { diskStore } from '../cache/disk-store.ts'
import { type CompiledContract, compileContract, packageImports } from '../compile/compile.ts'
import { createSolcPool } from '../compile/pool.ts'
import { loadSolc, type Solc } from '../compile/solc.ts'
import { ZlibError } from '../errors.ts'
import { formatLock, type Lock, lockApplication, lockDifferences, parseLock } from '../lock/lock.ts'
import type { SplitContract } from '../split/split.ts'
import { type StorageLayout, storageLayout } from '../upgrade/layout.ts'
import { type ProjectConfig, readConfig, solcPath, standardModule } from './config.ts'
import { type InstalledModule, installedModules } from './installed-modules.ts'

/** Where compiled answers are kept, below the project. */
const CACHE_FOLDER = join('.zlib', 'cache')
/** Where built applications are written, below the project. */
const ARTIFACT_FOLDER = 'artifacts'
const LOCK_FILE = 'zlib.lock'

/** What a build of a project gives. */
export interface ProjectBuild extends BuiltContract {
  /** Installed modules that the application contains, and whether its facet is the published one. */
  readonly modules: readonly { readonly module: InstalledModule; readonly shared: boolean }[]
}

/** Settings of {@link Project.build}. */
export interface ProjectBuildOptions {
  readonly contract?: string | undefined
  readonly maxBytes?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: BuildProgress) => void
}

/** A project on the disk. */
export interface Project {
  readonly root: string
  readonly config: ProjectConfig
  /** The sources of `file` as the compiler takes them, and where it finds imports. */
  sources(file: string): { sources: Record<string, string>; resolveImport: (path: string) => string | undefined }
  /**
   * Compiles and splits a contract of `file` in threads, with the modules of the project in facets of their own. Errors: those of
   * {@link buildContract}, `ZLIB_FILE`.
   */
  build(file: string, options?: ProjectBuildOptions): Promise<ProjectBuild>
  /** The storage layout of a contract of `file`. */
  layout(file: string, contract?: string): StorageLayout
  /** The compiler, with the project's cache before it. */
  readonly solc: Solc
  /** Compiles a contract of `file`; by default the one that has the file's name. Errors: those of {@link compileContract}, `ZLIB_FILE`. */
  compile(file: string, contract?: string): CompiledContract
  /**
   * Writes the artifact and the lock. Returns the artifact's path. Errors: `ZLIB_LOCK_DIFFERS` when `frozen` and the lock names other code;
   * then nothing is written.
   */
  save(
    split: SplitContract,
    compiler: string,
    options?: { readonly frozen?: boolean; readonly layout?: StorageLayout },
  ): string
  /** The storage layout that the last build of an application had. Errors: `ZLIB_FILE`. */
  savedLayout(application: string): StorageLayout
  /** Reads an artifact, by the application's name or by path. Errors: `ZLIB_FILE`, `ZLIB_BAD_ARTIFACT`. */
  load(application: string): SplitContract
}

/** The project in `folder`. */
export function openProject(folder: string): Project {
  const root = resolve(folder)
  const config = readConfig(root)
  const store = diskStore(join(root, CACHE_FOLDER))
  const compiler = solcPath(root, config)
  const solc = cachedSolc({ store, load: () => loadSolc(compiler), name: solcName(compiler) })
  const fromPackages = packageImports(join(root, 'zlib.js'))
  const lockPath = join(root, LOCK_FILE)
  function sources(file: string) {
    const path = relative(root, resolve(root, file))
    if (isAbsolute(path) || path.startsWith('..'))
      throw new ZlibError(
        'ZLIB_INVALID_ARGUMENT',
        `${file} is not below ${root}; run zlib in the folder of the project`,
        { file },
      )
    return {
      sources: { [path.split(sep).join('/')]: read(join(root, path)) },
      resolveImport(wanted: string) {
        const local = join(root, wanted)
        return existsSync(local) ? readFileSync(local, 'utf8') : fromPackages(wanted)
      },
    }
  }
  return {
    root,
    config,
    solc,
    sources,
    compile: (file, contract = basename(file, '.sol')) => compileContract({ ...sources(file), contract, solc }),
    layout: (file, contract = basename(file, '.sol')) => storageLayout({ ...sources(file), contract, solc }),
    async build(file, { contract = basename(file, '.sol'), maxBytes = config.maxBytes, signal, onProgress } = {}) {
      const installed = installedModules(root)
      const standard = (config.modules ?? []).map(standardModule)
      const pool = createSolcPool({ store, solc: compiler })
      try {
        const built = await buildContract({
          ...sources(file),
          contract,
          pool,
          modules: ({ selectors }) =>
            [...installed.map(({ functions }) => functions), ...standard].filter((functions) =>
              functions.every((signature) => Object.hasOwn(selectors, signature)),
            ),
          ...(maxBytes && { maxBytes }),
          ...(signal && { signal }),
          ...(onProgress && { onProgress }),
        })
        const modules = installed
          .filter(({ functions }) => functions.every((signature) => Object.hasOwn(built.compiled.selectors, signature)))
          .map((module) => ({
            module,
            shared: built.split.facets.some(({ address }) => address === module.address),
          }))
        return { ...built, modules }
      } finally {
        await pool.close()
      }
    },
    save(split, compiler, { frozen = false, layout } = {}) {
      const lock: Lock = existsSync(lockPath) ? parseLock(read(lockPath)) : {}
      const built = lockApplication(split, compiler)
      const locked = Object.hasOwn(lock, split.name) ? lock[split.name] : undefined
      const differences = locked ? lockDifferences(locked, built) : ['it is not in the lock']
      if (frozen && differences.length > 0)
        throw new ZlibError(
          'ZLIB_LOCK_DIFFERS',
          `${split.name} is not what zlib.lock names: ${differences.join('; ')}`,
          {
            differences,
          },
        )
      const path = join(ARTIFACT_FOLDER, `${split.name}.json`)
      write(join(root, path), formatArtifact(split))
      if (layout) write(join(root, layoutPath(split.name)), `${JSON.stringify(layout)}\n`)
      if (differences.length > 0) write(lockPath, formatLock({ ...lock, [split.name]: built }))
      return path
    },
    savedLayout(application) {
      const path = application.endsWith('.json') ? application : layoutPath(application)
      if (!existsSync(resolve(root, path)))
        throw new ZlibError('ZLIB_FILE', `there is no ${path}; zlib build writes it`, { path })
      try {
        return JSON.parse(read(resolve(root, path))) as StorageLayout
      } catch (cause) {
        throw new ZlibError('ZLIB_FILE', `${path} is not JSON`, { path }, { cause })
      }
    },
    load(application) {
      const path = application.endsWith('.json') ? application : join(ARTIFACT_FOLDER, `${application}.json`)
      if (!existsSync(resolve(root, path)))
        throw new ZlibError('ZLIB_FILE', `there is no ${path}; run zlib build first`, { path })
      return parseArtifact(read(resolve(root, path)))
    },
  }
}

function layoutPath(application: string): string {
  return join(ARTIFACT_FOLDER, `${application}.layout.json`)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new ZlibError('ZLIB_FILE', `${path} cannot be read`, { path }, { cause })
  }
}

function write(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  } catch (cause) {
    throw new ZlibError('ZLIB_FILE', `${path} cannot be written`, { path }, { cause })
  }
}
