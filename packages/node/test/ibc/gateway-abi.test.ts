import { bytesToHex, hexToBytes } from '@ethereumjs/util'
import { AbiCoder, Interface } from 'ethers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeHostCall, encodeDeployment, encodeOutcome, type GatewayAction } from '../../src/ibc/gateway-abi.ts'
import { encodeSubmit } from '../../src/ibc/gateway-logs.ts'
import type { AddressHex } from '../../src/state/account.ts'

const coder = AbiCoder.defaultAbiCoder()
const host = new Interface([
  'function deliver(bytes message, address signer)',
  'function send((address sender, address token, uint256 amount, string route, string receiver, uint64 timeout, string memo, string name, string symbol, uint8 decimals) transfer)',
  'function submit(bytes[] messages)',
])
const OUTCOME =
  'tuple(uint8 status, string detail, tuple(uint8 kind, address token, address account, uint256 amount, bytes data)[] actions, tuple(string kind, string attributes)[] logs)'

const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => bytesToHex(bytes) as AddressHex)
const bytes = fc.uint8Array({ maxLength: 100 })
const text = fc.string({ maxLength: 80 })
const amount = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })
const action: fc.Arbitrary<GatewayAction> = fc.record({
  kind: fc.constantFrom('deploy', 'mint', 'burn', 'release'),
  token: address,
  account: address,
  amount,
  data: bytes,
})

test('what the host answers is what Solidity would have encoded', () => {
  const outcome = fc.record({
    status: fc.constantFrom('done', 'no-op', 'rejected'),
    detail: text,
    actions: fc.array(action, { maxLength: 4 }),
    logs: fc.array(fc.record({ kind: text, attributes: text }), { maxLength: 4 }),
  })
  fc.assert(
    fc.property(outcome, (value) => {
      const numbered = {
        ...value,
        status: ['done', 'no-op', 'rejected'].indexOf(value.status),
        actions: value.actions.map((one) => ({
          ...one,
          kind: ['deploy', 'mint', 'burn', 'release'].indexOf(one.kind),
          data: bytesToHex(one.data),
        })),
      }
      expect(bytesToHex(encodeOutcome(value))).toBe(coder.encode([OUTCOME], [numbered]))
    }),
  )
})

test('calls of the host are read as Solidity wrote them, and data that is cut short is no call', () => {
  const transfer = {
    sender: `0x${'11'.repeat(20)}`,
    token: `0x${'22'.repeat(20)}`,
    amount: 5n,
    route: '07-tendermint-0',
    receiver: 'bob',
    timeout: 77n,
    memo: '{"a":1}',
    name: 'Mountain Tea',
    symbol: 'TEA',
    decimals: 6,
  }
  const send = hexToBytes(host.encodeFunctionData('send', [transfer]) as `0x${string}`)
  expect(decodeHostCall(send)).toEqual({ kind: 'send', transfer })
  const deliver = hexToBytes(host.encodeFunctionData('deliver', ['0x010203', transfer.sender]) as `0x${string}`)
  expect(decodeHostCall(deliver)).toEqual({ kind: 'deliver', message: Uint8Array.of(1, 2, 3), signer: transfer.sender })
  for (let length = 0; length < send.length - 31; length++)
    expect(decodeHostCall(send.subarray(0, length))).toBeUndefined()
  expect(decodeHostCall(Uint8Array.of(1, 2, 3, 4))).toBeUndefined()
})

test('messages and deployments are encoded as Solidity does', () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 5 }), (messages) => {
      expect(encodeSubmit(messages)).toBe(host.encodeFunctionData('submit', [messages]))
    }),
  )
  const salt = new Uint8Array(32).fill(7)
  expect(bytesToHex(encodeDeployment(salt, 'A name', 'SYM', 18))).toBe(
    coder.encode(['bytes32', 'string', 'string', 'uint8'], [salt, 'A name', 'SYM', 18]),
  )
})
