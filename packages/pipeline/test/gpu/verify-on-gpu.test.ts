import { Wallet } from 'ethers'
import { describe, expect, test } from 'vitest'
import { PipelineError } from '../../src/errors.ts'
import { createGpuVerifier, type GpuVerifier, verifyOnGpu } from '../../src/gpu/index.ts'
import { signNativeTransfer } from '../../src/native/index.ts'
import { Rejection } from '../../src/stage/outcome.ts'
import { type DecodedTx, decodeAny, type VerifiedTx, verifyHere } from '../../src/tpu/index.ts'
import { createVerifier } from '../../src/verify/index.ts'
import { nobleVerifier } from '../../src/verify/noble.ts'

const wallets = Array.from({ length: 4 }, (_, i) => new Wallet(`0x${(i + 1).toString(16).padStart(64, '0')}`))
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.slice(2), 'hex'))
const context = { signal: new AbortController().signal } as never

async function batch(count: number): Promise<DecodedTx[]> {
  const raws = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const [from, to] = [wallets[i % 4]!, bytes(wallets[(i + 1) % 4]!.address)]
      if (i % 2 === 0) return signNativeTransfer({ chainId: 7n, nonce: BigInt(i), amount: 1n, fee: 1n, to }, from)
      const fields = { type: 2, chainId: 7, nonce: i, gasLimit: 21_000, maxFeePerGas: 1n, to: wallets[0]!.address }
      return bytes(await from.signTransaction(fields))
    }),
  )
  return raws.map((raw, i) => {
    // The last byte of either belongs to the signature.
    const decoded = decodeAny(i % 5 === 4 ? raw.with(raw.length - 1, raw.at(-1)! ^ 1) : raw, 7n)
    if (decoded.status !== 'ok') throw new Error(decoded.reason)
    return decoded.tx
  })
}

/** Stands in for a GPU: the reference, asynchronously, and gone after so many calls. */
function remote(calls = Number.POSITIVE_INFINITY) {
  const noble = nobleVerifier()
  const counts = { asked: 0 }
  const work = async <T>(answer: () => T): Promise<T> => {
    if (++counts.asked > calls) throw new PipelineError('PIPELINE_GPU_LOST', 'unplugged')
    return answer()
  }
  const gpu: GpuVerifier = {
    backend: 'webgpu',
    adapter: 'none',
    lost: new Promise(() => {}),
    verifyMany: (scheme, items) => work(() => noble.verifyMany(scheme, items)),
    recoverMany: (items) => work(() => noble.recoverMany(items)),
    recoverPublicKeys: (items) => work(() => noble.recoverPublicKeys(items)),
    liftMany: (keys) => work(() => noble.liftMany(keys)),
    close() {},
  }
  return { gpu, counts }
}

const brief = (results: readonly (VerifiedTx | Rejection)[]) =>
  results.map((one) => (one instanceof Rejection ? one.reason : Buffer.from(one.from).toString('hex')))

describe('the verify stage on a GPU', () => {
  test('gives the verdicts and senders of the CPU, twice, the second time with keys that it met', async () => {
    const items = await batch(40)
    const expected = brief(await verifyHere(createVerifier())(items, context))
    expect(new Set(expected).size).toBeGreaterThan(4)
    expect(expected).toContain('signature')
    const { gpu, counts } = remote()
    const stage = verifyOnGpu(gpu, { minBatch: 8 })
    expect(brief(await stage(items, context))).toEqual(expected)
    expect(brief(await stage(items, context))).toEqual(expected)
    expect(counts.asked).toBeGreaterThan(4)
  })

  test('leaves small batches to the CPU', async () => {
    const { gpu, counts } = remote()
    const results = await verifyOnGpu(gpu, { minBatch: 8 })(await batch(7), context)
    expect(results.some((one) => one instanceof Rejection)).toBe(true)
    expect(counts.asked).toBe(0)
  })

  test('goes on with the CPU when the GPU is lost in the middle of a batch, and asks it no more', async () => {
    const items = await batch(40)
    const expected = brief(await verifyHere(createVerifier())(items, context))
    const { gpu, counts } = remote(1)
    const stage = verifyOnGpu(gpu, { minBatch: 8 })
    expect(brief(await stage(items, context))).toEqual(expected)
    expect(brief(await stage(items, context))).toEqual(expected)
    expect(counts.asked).toBe(2)
  })
})

test('where there is no GPU it says so', async () => {
  await expect(createGpuVerifier({ gpu: { requestAdapter: async () => null } })).rejects.toMatchObject({
    code: 'PIPELINE_NO_BACKEND',
  })
  await expect(createGpuVerifier({ capacity: 0 })).rejects.toMatchObject({ code: 'PIPELINE_INVALID_ARGUMENT' })
})
