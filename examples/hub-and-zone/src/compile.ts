import { readFileSync } from 'node:fs'
import solc from 'solc'

/** Compiles contracts/Tea.sol. */
export function compileTea(): { abi: object[]; bytecode: string } {
  const source = readFileSync(new URL('../contracts/Tea.sol', import.meta.url), 'utf8')
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources: { 'Tea.sol': { content: source } },
        settings: { optimizer: { enabled: true }, outputSelection: { '*': { Tea: ['abi', 'evm.bytecode.object'] } } },
      }),
    ),
  )
  if (!output.contracts) throw new Error(JSON.stringify(output.errors))
  const { abi, evm } = output.contracts['Tea.sol'].Tea
  return { abi, bytecode: `0x${evm.bytecode.object}` }
}
