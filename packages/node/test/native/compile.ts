import { readFileSync } from 'node:fs'
import { Interface, type InterfaceAbi } from 'ethers'
import solc from 'solc'

export interface Compiled {
  abi: Interface
  bytecode: string
}

/** Compiles a contract in `folder`, beside this file by default; `@zos/node/contracts/…` resolves to what the package publishes. */
export function compile(file: string, name: string, folder = new URL('./contracts/', import.meta.url)): Compiled {
  const sources = { [file]: { content: readFileSync(new URL(file, folder), 'utf8') } }
  const input = {
    language: 'Solidity',
    sources,
    settings: { optimizer: { enabled: true }, outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } },
  }
  const output = JSON.parse(
    solc.compile(JSON.stringify(input), {
      import: (path: string) => ({ contents: read(path.replace('@zos/node/', '../../')) }),
    }),
  )
  const errors = (output.errors ?? []).filter(({ severity }: { severity: string }) => severity === 'error')
  if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }: never) => formattedMessage).join('\n'))
  const contract = output.contracts[file][name]
  return { abi: new Interface(contract.abi as InterfaceAbi), bytecode: `0x${contract.evm.bytecode.object}` }
}

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}
