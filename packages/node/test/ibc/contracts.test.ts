import { expect, test } from 'vitest'
import { compileIbcContracts } from '../../scripts/compile-ibc-contracts.ts'
import { BRIDGED_TOKEN_CREATION_CODE, GATEWAY_CODE } from '../../src/ibc/bytecode.ts'

test('the bytecode in the repository is what the compiler makes of the sources', { timeout: 120_000 }, () => {
  expect(compileIbcContracts()).toEqual({
    gateway: GATEWAY_CODE,
    bridgedTokenCreation: BRIDGED_TOKEN_CREATION_CODE,
  })
})
