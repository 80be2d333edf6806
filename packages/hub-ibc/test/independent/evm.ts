/** Compiles AttestationVerifier.sol and runs it in an EVM. */
import { readFileSync } from 'node:fs'
import { createEVM, type EVM } from '@ethereumjs/evm'
import type { Address } from '@ethereumjs/util'
import { Interface } from 'ethers'
import solc from 'solc'

const source = readFileSync(new URL('./AttestationVerifier.sol', import.meta.url), 'utf8')

/** What the contract answered, or the name of the error that it reverted with. */
export type Answer = { readonly values: readonly unknown[] } | { readonly error: string }

export async function deployVerifier(
  attestors: readonly string[],
  quorum: number,
): Promise<(name: string, args: readonly unknown[]) => Promise<Answer>> {
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources: { 'AttestationVerifier.sol': { content: source } },
        settings: { outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } },
      }),
    ),
  )
  const { abi, evm: compiled } = output.contracts['AttestationVerifier.sol'].AttestationVerifier
  const contract = new Interface(abi)
  const evm: EVM = await createEVM()
  const created = await evm.runCall({
    data: Buffer.from(compiled.bytecode.object + contract.encodeDeploy([attestors, quorum]).slice(2), 'hex'),
    gasLimit: 10_000_000n,
  })
  const to: Address = created.createdAddress!
  return async (name, args) => {
    const { execResult } = await evm.runCall({
      to,
      data: Buffer.from(contract.encodeFunctionData(name, args).slice(2), 'hex'),
      gasLimit: 10_000_000n,
    })
    if (!execResult.exceptionError) return { values: [...contract.decodeFunctionResult(name, execResult.returnValue)] }
    const error = contract.parseError(execResult.returnValue)
    return { error: error?.name ?? execResult.exceptionError.error }
  }
}
