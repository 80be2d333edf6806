/** Parses state and block overrides. Every function throws an {@link RpcError} with code −32602. */
import { hexToBytes } from '@ethereumjs/util'
import type { AccountOverride, BlockOverrides, StateOverrides } from '../execution/overrides.ts'
import type { AddressHex, Hash } from '../state/account.ts'
import { addressParam, dataParam, hashParam, quantityParam, slotParam } from './params.ts'
import { invalidParams } from './rpc-error.ts'

/** Accounts that one request may override; as many slots as its body holds. */
const MAX_ACCOUNTS = 1_000
const MAX_NUMBER = BigInt(Number.MAX_SAFE_INTEGER)

export function stateOverridesParam(value: unknown): StateOverrides {
  const overrides = new Map<AddressHex, AccountOverride>()
  const entries = Object.entries(objectParam(value, 'the state overrides'))
  if (entries.length > MAX_ACCOUNTS) throw invalidParams(`at most ${MAX_ACCOUNTS} accounts can be overridden`)
  for (const [key, entry] of entries) {
    const address = addressParam(key, 'the overridden account')
    if (overrides.has(address)) throw invalidParams(`account ${address} is overridden twice`)
    const { nonce, balance, code, state, stateDiff, movePrecompileToAddress: moved } = objectParam(entry, address)
    if (isGiven(state) && isGiven(stateDiff)) throw invalidParams(`account ${address} has both 'state' and 'stateDiff'`)
    overrides.set(address, {
      ...(isGiven(nonce) ? { nonce: quantityParam(nonce, 'nonce') } : {}),
      ...(isGiven(balance) ? { balance: quantityParam(balance, 'balance') } : {}),
      ...(isGiven(code) ? { code: dataParam(code, 'code') } : {}),
      ...(isGiven(state) ? { state: slotsParam(state, 'state') } : {}),
      ...(isGiven(stateDiff) ? { stateDiff: slotsParam(stateDiff, 'stateDiff') } : {}),
      ...(isGiven(moved) ? { movePrecompileTo: addressParam(moved, 'movePrecompileToAddress') } : {}),
    })
  }
  return overrides
}

/** The names of `eth_simulateV1`. */
export function blockOverridesParam(value: unknown): BlockOverrides {
  const { number, time, gasLimit, feeRecipient, prevRandao, baseFeePerGas, beaconRoot, withdrawals, blobBaseFee } =
    objectParam(value, 'the block overrides')
  if (Array.isArray(withdrawals) && withdrawals.length > 0) throw invalidParams('this chain has no withdrawals')
  if (isGiven(blobBaseFee) && quantityParam(blobBaseFee, 'blobBaseFee') > 1n)
    throw invalidParams('this chain has no blobs, and no price for them')
  return {
    ...(isGiven(number) ? { number: integerParam(number, 'number') } : {}),
    ...(isGiven(time) ? { timestamp: integerParam(time, 'time') } : {}),
    ...(isGiven(gasLimit) ? { gasLimit: quantityParam(gasLimit, 'gasLimit') } : {}),
    ...(isGiven(feeRecipient) ? { beneficiary: addressParam(feeRecipient, 'feeRecipient') } : {}),
    ...(isGiven(prevRandao) ? { mixHash: hashParam(prevRandao, 'prevRandao') } : {}),
    ...(isGiven(baseFeePerGas) ? { baseFeePerGas: quantityParam(baseFeePerGas, 'baseFeePerGas') } : {}),
    ...(isGiven(beaconRoot) ? { parentBeaconBlockRoot: hashParam(beaconRoot, 'beaconRoot') } : {}),
  }
}

export function objectParam(value: unknown, name: string): Record<string, unknown> {
  if (!isGiven(value)) return {}
  if (typeof value !== 'object' || Array.isArray(value)) throw invalidParams(`${name} must be an object`)
  return value as Record<string, unknown>
}

export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

function integerParam(value: unknown, name: string): number {
  const number = quantityParam(value, name)
  if (number > MAX_NUMBER) throw invalidParams(`${name} is too large`)
  return Number(number)
}

function slotsParam(value: unknown, name: string): ReadonlyMap<Hash, Uint8Array> {
  return new Map(
    Object.entries(objectParam(value, name)).map(([slot, word]) => {
      const digits = slotParam(word, name)
        .slice(2)
        .replace(/^(00)+/, '')
      return [slotParam(slot, name), hexToBytes(`0x${digits}`)]
    }),
  )
}
