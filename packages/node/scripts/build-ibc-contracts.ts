// Compiles src/ibc/contracts and writes their bytecode to src/ibc/bytecode.ts. Run by hand after a change: the bytes are part of genesis
// files, so they are kept in the repository, and a test compares them with the sources.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compileIbcContracts } from './compile-ibc-contracts.ts'

const { gateway, bridgedTokenCreation } = compileIbcContracts()
writeFileSync(
  fileURLToPath(new URL('../src/ibc/bytecode.ts', import.meta.url)),
  `// Written by scripts/build-ibc-contracts.ts from src/ibc/contracts.

/** Run-time code of the gateway: it stands at its address from genesis on. */
export const GATEWAY_CODE = '${gateway}'

/** Creation code of the token template. */
export const BRIDGED_TOKEN_CREATION_CODE =
  '${bridgedTokenCreation}'
`,
)
