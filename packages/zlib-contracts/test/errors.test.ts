import { getCreateAddress } from 'ethers'
import { describe, expect, test } from 'vitest'
import {
  CREATE2_FACTORY,
  compileContract,
  deployContract,
  ensureFactory,
  isZlibError,
  loadSolc,
  splitContract,
  ZlibError,
  type ZlibErrorCode,
} from '../src/index.ts'

const solc = loadSolc()
const compile = (source: string, contract = 'A') =>
  compileContract({ sources: { 'A.sol': `pragma solidity ^0.8.24; ${source}` }, contract, solc })
const app = splitContract(compile('contract A { uint256 public a; }'), { solc })
const coded = (code: ZlibErrorCode) => expect.objectContaining({ name: 'ZlibError', code })

/** A signer on a chain with the factory or without it, whose transactions fail. */
const signerOn = (hasFactory: boolean) =>
  ({
    provider: { getCode: async (address: string) => (hasFactory && /^0x4e59/i.test(address) ? '0x60' : '0x') },
    sendTransaction: async () => ({ wait: async () => ({ status: 0, gasUsed: 1n }) }),
  }) as never

describe('an error', () => {
  test('of the compiler and the splitter has a code', () => {
    expect(() => compile('contract A { uint256 x = "a"; }')).toThrow(coded('ZLIB_COMPILE'))
    expect(() => compile('contract A {}', 'B')).toThrow(coded('ZLIB_NO_SUCH_CONTRACT'))
    const destroys = compile('contract A { function f() external { selfdestruct(payable(msg.sender)); } }')
    expect(() => splitContract(destroys, { solc })).toThrow(coded('ZLIB_CANNOT_SPLIT'))
    expect(() => splitContract({ ...destroys, ir: 'object "A" {}' }, { solc })).toThrow(coded('ZLIB_UNKNOWN_IR'))
    const small = compile(
      'contract A { function f(string calldata s) external pure returns (bytes32) { return keccak256(bytes(s)); } }',
    )
    expect(() => splitContract(small, { solc, maxBytes: 20 })).toThrow(coded('ZLIB_FUNCTION_TOO_LARGE'))
    expect(() => splitContract(small, { solc, modules: [['g()']] })).toThrow(coded('ZLIB_INVALID_ARGUMENT'))
  })

  test('of a deployment has a code', async () => {
    await expect(deployContract(app, { provider: null } as never)).rejects.toThrow(coded('ZLIB_INVALID_ARGUMENT'))
    await expect(deployContract(app, signerOn(false))).rejects.toThrow(coded('ZLIB_CHAIN'))
    await expect(deployContract(app, signerOn(true))).rejects.toThrow(coded('ZLIB_DEPLOYMENT_FAILED'))
    await expect(deployContract(app, signerOn(true), { signal: AbortSignal.abort() })).rejects.toThrow('aborted')
  })

  test('is told apart by its code', () => {
    const error = new ZlibError('ZLIB_FILE', 'x')
    expect(isZlibError(error)).toBe(true)
    expect(isZlibError(error, 'ZLIB_FILE')).toBe(true)
    expect(isZlibError(error, 'ZLIB_CHAIN')).toBe(false)
    expect(isZlibError(new Error('x'))).toBe(false)
  })
})

describe('the standard factory', () => {
  const chain = (code: string, broadcast: () => Promise<unknown>) => {
    const sent: unknown[] = []
    const signer = {
      provider: { getCode: async () => code, getBalance: async () => 1n, broadcastTransaction: broadcast },
      sendTransaction: async (transaction: unknown) => {
        sent.push(transaction)
        return { wait: async () => ({}) }
      },
    }
    return { signer: signer as never, sent }
  }

  test('is left alone where it is, and its absence after all is an error', async () => {
    const there = chain('0x60', async () => ({}))
    expect(await ensureFactory(there.signer)).toBe(false)
    expect(there.sent).toEqual([])
    const refusing = chain('0x', async () => {
      throw new Error('only replay-protected transactions allowed')
    })
    await expect(ensureFactory(refusing.signer)).rejects.toThrow(coded('ZLIB_CHAIN'))
    // What its known sender lacks of 100,000 gas at 100 gwei.
    const [{ to, value }] = refusing.sent as [{ to: string; value: bigint }]
    expect(value).toBe(10n ** 16n - 1n)
    expect(getCreateAddress({ from: to, nonce: 0 })).toBe(CREATE2_FACTORY)
    await expect(ensureFactory(chain('0x', async () => ({ wait: async () => ({}) })).signer)).rejects.toThrow(
      'still missing',
    )
    await expect(ensureFactory({ provider: null } as never)).rejects.toThrow(coded('ZLIB_INVALID_ARGUMENT'))
  })
})
