import { PipelineError } from '../errors.ts'
import { keccak256 } from '../hash/keccak.ts'
import type { CompressedKey, Ed25519Item, FullKey, RecoverItem, Scheme, SchemeItems } from '../verify/port.ts'
import { askEd25519 } from './ed25519-items.ts'
import { ed25519Kernel } from './ed25519-wgsl.ts'
import type { GpuVerifier } from './port.ts'
import { KernelRunner } from './runner.ts'
import {
  Answers,
  askBip340,
  askEcdsa,
  askLift,
  askRecover,
  judgeBip340,
  judgeEcdsa,
  type Questions,
} from './secp256k1-items.ts'
import { secp256k1Kernel } from './secp256k1-wgsl.ts'
import { selfTest } from './self-test.ts'
import type { Gpu, GpuDevice } from './webgpu.ts'

export type { GpuVerifier } from './port.ts'

/** Which GPU to use, and how much of it. */
export interface GpuVerifierOptions {
  /** What finds a GPU. Default `navigator.gpu`; in Node, what `create([])` of the npm package `webgpu` gives. */
  readonly gpu?: Gpu
  /**
   * Signatures that are under way at once; more are done in turns. Each takes 4.3 kB of the GPU's memory for secp256k1 and 6 kB for Ed25519. A GPU is full
   * with some thousands. Default 8,192.
   */
  readonly capacity?: number
  /** Gives up waiting for the GPU. */
  readonly signal?: AbortSignal
}

const DEFAULT_CAPACITY = 8_192

/**
 * A verifier on the GPU of this machine. Cost: the shaders are compiled, which takes seconds with some drivers; keep it and share it.
 * Throws `PIPELINE_NO_BACKEND` where there is no GPU, or it fails the self-test; `PIPELINE_INVALID_ARGUMENT` for a bad capacity.
 */
export async function createGpuVerifier(options: GpuVerifierOptions = {}): Promise<GpuVerifier> {
  const { capacity = DEFAULT_CAPACITY, signal } = options
  if (!Number.isInteger(capacity) || capacity < 1)
    throw new PipelineError('PIPELINE_INVALID_ARGUMENT', 'capacity must be a whole number above 0', { capacity })
  const gpu = options.gpu ?? (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) throw new PipelineError('PIPELINE_NO_BACKEND', 'there is no GPU here', {})
  signal?.throwIfAborted()
  const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits
  const device = await adapter.requestDevice({ requiredLimits: { maxStorageBufferBindingSize, maxBufferSize } })
  const { vendor = '', architecture = '' } = adapter.info ?? {}
  try {
    const secp256k1 = await KernelRunner.create(device, secp256k1Kernel, capacity)
    signal?.throwIfAborted()
    const ed25519 = await KernelRunner.create(device, ed25519Kernel, capacity)
    signal?.throwIfAborted()
    const verifier = new WebGpuVerifier(device, `${vendor} ${architecture}`.trim(), secp256k1, ed25519)
    if (await selfTest(verifier)) return verifier
  } catch (error) {
    device.destroy()
    throw error
  }
  device.destroy()
  throw new PipelineError('PIPELINE_NO_BACKEND', 'the GPU gives wrong answers', { vendor, architecture })
}

class WebGpuVerifier implements GpuVerifier {
  readonly backend = 'webgpu'
  readonly adapter: string
  readonly lost: Promise<string>
  readonly #device: GpuDevice
  readonly #secp256k1: KernelRunner
  readonly #ed25519: KernelRunner
  #gone: string | undefined

  constructor(device: GpuDevice, adapter: string, secp256k1: KernelRunner, ed25519: KernelRunner) {
    this.#device = device
    this.adapter = adapter
    this.#secp256k1 = secp256k1
    this.#ed25519 = ed25519
    this.lost = device.lost.then(({ reason, message }) => {
      this.#gone = message || reason || 'lost'
      return this.#gone
    })
  }

  async verifyMany<S extends Scheme>(scheme: S, items: readonly SchemeItems[S][]): Promise<boolean[]> {
    switch (scheme) {
      case 'bip340':
        return this.#judge(items as readonly SchemeItems['bip340'][], askBip340, judgeBip340)
      case 'ecdsa':
        return this.#judge(items as readonly SchemeItems['ecdsa'][], askEcdsa, judgeEcdsa)
      default:
        return this.#chunks(this.#ed25519, items as readonly Ed25519Item[], async (chunk) =>
          [...(await this.#ed25519.run(askEd25519(chunk)))].map((word) => word === 1),
        )
    }
  }

  async recoverMany(items: readonly RecoverItem[]): Promise<(Uint8Array | null)[]> {
    return (await this.recoverPublicKeys(items)).map((key) => key && keccak256(key).slice(12))
  }

  recoverPublicKeys(items: readonly RecoverItem[]): Promise<(Uint8Array | null)[]> {
    return this.#judge(items, askRecover, (chunk, answers) => chunk.map((_, i) => answers.point(i) ?? null))
  }

  liftMany(keys: readonly CompressedKey[]): Promise<(FullKey | null)[]> {
    return this.#judge(keys, askLift, (chunk, answers) =>
      chunk.map((_, i) => {
        const publicKey = answers.point(i)
        return publicKey ? { publicKey, address: keccak256(publicKey).slice(12) } : null
      }),
    )
  }

  close(): void {
    this.#secp256k1.destroy()
    this.#ed25519.destroy()
    this.#device.destroy()
  }

  #judge<T, R>(
    items: readonly T[],
    ask: (items: readonly T[]) => Questions,
    judge: (items: readonly T[], answers: Answers) => R[],
  ): Promise<R[]> {
    return this.#chunks(this.#secp256k1, items, async (chunk) =>
      judge(chunk, new Answers(await this.#secp256k1.run(ask(chunk).words))),
    )
  }

  async #chunks<T, R>(
    runner: KernelRunner,
    items: readonly T[],
    work: (chunk: readonly T[]) => Promise<R[]>,
  ): Promise<R[]> {
    const parts: Promise<R[]>[] = []
    for (let start = 0; start < items.length; start += runner.capacity)
      parts.push(work(items.slice(start, start + runner.capacity)))
    try {
      return (await Promise.all(parts)).flat()
    } catch (cause) {
      throw new PipelineError('PIPELINE_GPU_LOST', `the GPU is gone: ${this.#gone ?? cause}`, {}, { cause })
    }
  }
}
