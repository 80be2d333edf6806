import type { CompiledContract } from '../compile/compile.ts'
import { ZlibError } from '../errors.ts'
import type { ContractCode } from '../yul/object.ts'

/** Instructions that would act on a facet, or on a router, where the author meant the contract. */
const REASONS: Readonly<Record<string, string>> = {
  selfdestruct: 'selfdestruct in a facet would act on the router',
  codesize: 'codesize() in inline assembly would be the size of a facet',
}

/** Throws `ZLIB_CANNOT_SPLIT` for what does not survive being cut apart, with the reason. */
export function refuseUnsplittable({ name }: CompiledContract, code: ContractCode): void {
  for (const { tokens } of code.functions.values())
    for (const [at, { kind, text }] of tokens.entries()) {
      const reason = kind === 'word' && tokens[at + 1]?.text === '(' ? REASONS[text] : undefined
      if (reason)
        throw new ZlibError('ZLIB_CANNOT_SPLIT', `${name} cannot be split: ${reason}`, { contract: name, reason })
    }
}
