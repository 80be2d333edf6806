import { expect, test } from 'vitest'
import { compileContract, splitContract } from '../src/index.ts'

test('the first example of the README', () => {
  const source = `
  pragma solidity ^0.8.24;
  contract Counter { uint256 public count; function add(uint256 n) external { count += n; } }`
  const compiled = compileContract({ sources: { 'Counter.sol': source }, contract: 'Counter' })
  const app = splitContract(compiled)
  expect(app.facets).toHaveLength(1)
  expect(app.facets[0]!.selectors).toHaveLength(2)
  expect(app.routerSize).toBeLessThan(200)
})
