/** Contracts for the tests, compiled as an application compiles them: by importing what the package ships. */
import { compileContract, compileYul, loadSolc } from '../src/index.ts'
import { contractImports } from './contract-sources.ts'

const solc = loadSolc()

function compile(sources: Readonly<Record<string, string>>, contract: string) {
  const compiled = compileContract({ sources, contract, solc, resolveImport: contractImports() })
  return { abi: compiled.abi, ...compileYul(compiled.ir, solc) }
}

/** A contract of `contracts/`, such as `economy/ZosToken`. */
export function compileShipped(path: string) {
  const source = `pragma solidity ^0.8.24; import "@zos/zlib-contracts/contracts/${path}.sol";`
  return compile({ 'Import.sol': source }, path.split('/').at(-1)!)
}

/** The emission as a function that can be called. */
export const compileEmissionProbe = () =>
  compile(
    {
      'Probe.sol': `pragma solidity ^0.8.24;
        import "@zos/zlib-contracts/contracts/economy/Emission.sol";
        contract Probe { function minted(uint256 t) external pure returns (uint256) { return Emission.minted(t); } }`,
    },
    'Probe',
  )

/** A token that anyone may mint. */
export const compilePlayToken = () =>
  compile(
    {
      'Play.sol': `pragma solidity ^0.8.24;
        import "@openzeppelin/contracts/token/ERC20/ERC20.sol";
        contract Play is ERC20("Play", "P") { function mint(address to, uint256 v) external { _mint(to, v); } }`,
    },
    'Play',
  )

/** One ZOS. */
export const ZOS = 10n ** 18n
export const DAY = 86_400n
export const YEAR = 365n * DAY
