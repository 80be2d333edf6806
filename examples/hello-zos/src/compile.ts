import { readFileSync } from 'node:fs'
import solc from 'solc'

export interface Compiled {
  abi: readonly Record<string, unknown>[]
  bytecode: `0x${string}`
}

/** Compiles one contract of `contracts/` with solc. Throws with the compiler's words when it does not compile. */
export function compile(name: string): Compiled {
  const file = `${name}.sol`
  const input = {
    language: 'Solidity',
    sources: { [file]: { content: readFileSync(new URL(`../contracts/${file}`, import.meta.url), 'utf8') } },
    settings: { optimizer: { enabled: true }, outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } },
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input)))
  const errors = (output.errors ?? []).filter((error: { severity: string }) => error.severity === 'error')
  if (errors.length > 0) throw new Error(errors[0].formattedMessage)
  const { abi, evm } = output.contracts[file][name]
  return { abi, bytecode: `0x${evm.bytecode.object}` }
}
