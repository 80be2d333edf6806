/** A folder with Solidity files: what the command line compiles and where it writes. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { formatArtifact, parseArtifact } from '../artifact/artifact.ts'
import { cachedSolc } from '../cache/cached-solc.ts'
import { diskStore } from '../cache/disk-store.ts'
import { type CompiledContract, compileContract, packageImports } from '../compile/compile.ts'
import type { Solc } from '../compile/solc.ts'
import { ZlibError } from '../errors.ts'
import { formatLock, type Lock, lockApplication, lockDifferences, parseLock } from '../lock/lock.ts'
import type { SplitContract } from '../split/split.ts'

/** Where compiled answers are kept, below the project. */
const CACHE_FOLDER = join('.zlib', 'cache')
/** Where built applications are written, below the project. */
const ARTIFACT_FOLDER = 'artifacts'
const LOCK_FILE = 'zlib.lock'

/** A project on the disk. */
export interface Project {
  /** The compiler, with the project's cache before it. */
  readonly solc: Solc
  /** Compiles a contract of `file`; by default the one that has the file's name. Errors: those of {@link compileContract}, `ZLIB_FILE`. */
  compile(file: string, contract?: string): CompiledContract
  /**
   * Writes the artifact and the lock. Returns the artifact's path. Errors: `ZLIB_LOCK_DIFFERS` when `frozen` and the lock names other code;
   * then nothing is written.
   */
  save(split: SplitContract, compiler: string, options?: { readonly frozen?: boolean }): string
  /** Reads an artifact, by the application's name or by path. Errors: `ZLIB_FILE`, `ZLIB_BAD_ARTIFACT`. */
  load(application: string): SplitContract
}

/** The project in `folder`. */
export function openProject(folder: string): Project {
  const root = resolve(folder)
  const solc = cachedSolc({ store: diskStore(join(root, CACHE_FOLDER)) })
  const fromPackages = packageImports(join(root, 'zlib.js'))
  const lockPath = join(root, LOCK_FILE)
  return {
    solc,
    compile(file, contract = basename(file, '.sol')) {
      const path = relative(root, resolve(root, file))
      if (isAbsolute(path) || path.startsWith('..'))
        throw new ZlibError(
          'ZLIB_INVALID_ARGUMENT',
          `${file} is not below ${root}; run zlib in the folder of the project`,
          { file },
        )
      return compileContract({
        sources: { [path.split(sep).join('/')]: read(join(root, path)) },
        contract,
        resolveImport: (wanted) => {
          const local = join(root, wanted)
          return existsSync(local) ? readFileSync(local, 'utf8') : fromPackages(wanted)
        },
        solc,
      })
    },
    save(split, compiler, { frozen = false } = {}) {
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
      if (differences.length > 0) write(lockPath, formatLock({ ...lock, [split.name]: built }))
      return path
    },
    load(application) {
      const path = application.endsWith('.json') ? application : join(ARTIFACT_FOLDER, `${application}.json`)
      if (!existsSync(resolve(root, path)))
        throw new ZlibError('ZLIB_FILE', `there is no ${path}; run zlib build first`, { path })
      return parseArtifact(read(resolve(root, path)))
    },
  }
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
