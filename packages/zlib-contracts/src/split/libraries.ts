/**
 * External libraries of an application. Their code goes to an address that commits to it, like that of a facet, so the callers can be linked
 * before anything is on a chain.
 */
import { keccak256 } from 'ethers'
import { type CompiledContract, type CompiledYul, compileYul } from '../compile/compile.ts'
import { linkSymbols, writeAddresses } from '../compile/link-symbols.ts'
import type { Solc } from '../compile/solc.ts'
import { ZlibError } from '../errors.ts'
import { create2Address } from './create2.ts'
import { MAX_CONTRACT_BYTES } from './limits.ts'

/** An external library, deployed once per chain like a facet. */
export interface Library {
  /** `file:Name`. */
  readonly name: string
  readonly address: `0x${string}`
  /** keccak256 of the runtime code at `address`. */
  readonly codeHash: `0x${string}`
  readonly creation: `0x${string}`
  /** Bytes of the runtime code. */
  readonly size: number
}

/** A contract whose intermediate code names the addresses of its libraries. */
export interface LinkedContract extends CompiledContract {
  /** What has to be deployed before it, in this order. */
  readonly linked: readonly Library[]
}

/**
 * Links `contract`. Libraries that are on the chain already are given in `known`, by `file:Name`; the others become part of the application.
 * Errors: `ZLIB_CANNOT_SPLIT` for a library above the size limit or libraries that call each other in a circle.
 */
export function linkContract(
  contract: CompiledContract,
  known: Readonly<Record<string, string>> = {},
  solc?: Solc,
): LinkedContract {
  const steps = linking(contract, known)
  let step = steps.next()
  while (!step.done) step = steps.next(step.value.map((program) => compileYul(program, solc)))
  return step.value
}

/** The same in steps: gives Yul programs that do not depend on each other, takes their bytes. */
export function* linking(
  contract: CompiledContract,
  known: Readonly<Record<string, string>> = {},
): Generator<readonly string[], LinkedContract, readonly CompiledYul[]> {
  const addresses = new Map(Object.entries(known))
  const linked: Library[] = []
  const waiting = new Set(Object.keys(contract.libraries).filter((name) => !addresses.has(name)))
  while (waiting.size > 0) {
    const ready = [...waiting].filter((name) =>
      linkSymbols(contract.libraries[name]!).every((one) => addresses.has(one)),
    )
    if (ready.length === 0)
      throw cannot(contract, `its libraries call each other in a circle: ${[...waiting].join(', ')}`)
    const write = (name: string) => writeAddresses(contract.libraries[name]!, (one) => addresses.get(one)!)
    const compiled = yield ready.map(write)
    for (const [index, name] of ready.entries()) {
      const library = describe(name, compiled[index]!)
      if (library.size > MAX_CONTRACT_BYTES)
        throw cannot(contract, `its library ${name} has ${library.size} bytes, a contract has ${MAX_CONTRACT_BYTES}`)
      linked.push(library)
      addresses.set(name, library.address)
      waiting.delete(name)
    }
  }
  const ir = writeAddresses(contract.ir, (name) => {
    const address = addresses.get(name)
    if (!address) throw cannot(contract, `the address of its library ${name} is not known`)
    return address
  })
  return { ...contract, ir, linked }
}

function describe(name: string, { creation, runtime, immutables }: CompiledYul): Library {
  const address = create2Address(creation)
  // Its only immutable is its own address, by which it knows that it is not called directly.
  let code = runtime.slice(2)
  for (const { start, length } of Object.values(immutables).flat())
    code =
      code.slice(0, 2 * start) +
      address
        .slice(2)
        .toLowerCase()
        .padStart(2 * length, '0') +
      code.slice(2 * (start + length))
  return { name, address, codeHash: keccak256(`0x${code}`) as `0x${string}`, creation, size: code.length / 2 }
}

function cannot({ name }: CompiledContract, reason: string): ZlibError {
  return new ZlibError('ZLIB_CANNOT_SPLIT', `${name} cannot be linked: ${reason}`, { contract: name, reason })
}
