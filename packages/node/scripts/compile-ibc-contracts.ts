import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import solc from 'solc'

const folder = fileURLToPath(new URL('../src/ibc/contracts/', import.meta.url))

interface Output {
  errors?: { severity: string; formattedMessage: string }[]
  contracts: Record<
    string,
    Record<string, { evm: { bytecode: { object: string }; deployedBytecode: { object: string } } }>
  >
}

/** The gateway's run-time code and the template's creation code, from the sources. */
export function compileIbcContracts(): { gateway: `0x${string}`; bridgedTokenCreation: `0x${string}` } {
  const sources = Object.fromEntries(
    readdirSync(folder).map((name) => [name, { content: readFileSync(folder + name, 'utf8') }]),
  )
  const output: Output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources,
        settings: {
          evmVersion: 'prague',
          viaIR: true,
          optimizer: { enabled: true, runs: 10_000 },
          // No metadata hash: the same sources make the same bytes wherever they lie.
          metadata: { appendCBOR: false, bytecodeHash: 'none' },
          outputSelection: { '*': { '*': ['evm.bytecode.object', 'evm.deployedBytecode.object'] } },
        },
      }),
    ),
  )
  const problems = (output.errors ?? []).filter(({ severity }) => severity !== 'info')
  if (problems.length > 0) throw new Error(problems.map(({ formattedMessage }) => formattedMessage).join('\n'))
  const code = (file: string, name: string) => output.contracts[file]![name]!.evm
  return {
    gateway: `0x${code('IbcGateway.sol', 'IbcGateway').deployedBytecode.object}`,
    bridgedTokenCreation: `0x${code('BridgedToken.sol', 'BridgedToken').bytecode.object}`,
  }
}
