import { COMPUTE, type GpuBuffer, type GpuDevice, MAP_READ, usage } from './webgpu.ts'

/** A computation of three passes, `prepare`, `ladder` and `finish`, one thread an item. */
export interface Kernel {
  readonly label: string
  readonly wgsl: string
  /** What all items share. */
  constants(): Uint32Array<ArrayBuffer>
  /** 32-bit words of one item, of its result, and of what the passes keep of it. */
  readonly itemWords: number
  readonly resultWords: number
  readonly scratchWords: number
}

const PASSES = ['prepare', 'ladder', 'finish']
const WORKGROUP = 64
const WORD = 4
const BINDINGS = ['read-only-storage', 'storage', 'storage', 'read-only-storage', 'uniform']

/** Runs a kernel on batches of up to `capacity` items, one batch at a time. */
export class KernelRunner {
  readonly capacity: number
  readonly #kernel: Kernel
  readonly #device: GpuDevice
  readonly #pipelines: readonly object[]
  readonly #group: object
  readonly #buffers: Readonly<Record<'items' | 'scratch' | 'results' | 'constants' | 'count' | 'answer', GpuBuffer>>
  #last: Promise<unknown> = Promise.resolve()

  private constructor(device: GpuDevice, kernel: Kernel, capacity: number, layout: object, pipelines: object[]) {
    this.#device = device
    this.#kernel = kernel
    this.capacity = capacity
    this.#pipelines = pipelines
    const buffer = (words: number, uses: number) => device.createBuffer({ size: words * WORD, usage: uses })
    const shared = kernel.constants()
    this.#buffers = {
      items: buffer(capacity * kernel.itemWords, usage.storage | usage.copyTarget),
      scratch: buffer(capacity * kernel.scratchWords, usage.storage),
      results: buffer(capacity * kernel.resultWords, usage.storage | usage.copySource),
      constants: buffer(shared.length, usage.storage | usage.copyTarget),
      count: buffer(4, usage.uniform | usage.copyTarget),
      answer: buffer(capacity * kernel.resultWords, usage.copyTarget | usage.mapRead),
    }
    device.queue.writeBuffer(this.#buffers.constants, 0, shared)
    const { items, scratch, results, constants, count } = this.#buffers
    this.#group = device.createBindGroup({
      layout,
      entries: [items, scratch, results, constants, count].map((one, binding) => ({
        binding,
        resource: { buffer: one },
      })),
    })
  }

  /** Compiles the passes: seconds on some drivers. */
  static async create(device: GpuDevice, kernel: Kernel, wanted: number): Promise<KernelRunner> {
    const most = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize)
    const capacity = Math.max(WORKGROUP, Math.min(wanted, Math.floor(most / (kernel.scratchWords * WORD))))
    const module = device.createShaderModule({ label: kernel.label, code: kernel.wgsl })
    const layout = device.createBindGroupLayout({
      entries: BINDINGS.map((type, binding) => ({ binding, visibility: COMPUTE, buffer: { type } })),
    })
    const pipelineLayout = device.createPipelineLayout({ bindGroupLayouts: [layout] })
    const pipelines: object[] = []
    for (const entryPoint of PASSES)
      pipelines.push(
        await device.createComputePipelineAsync({ layout: pipelineLayout, compute: { module, entryPoint } }),
      )
    return new KernelRunner(device, kernel, capacity, layout, pipelines)
  }

  /** The results of the items that `words` holds, at most {@link KernelRunner.capacity}. */
  run(words: Uint32Array<ArrayBuffer>): Promise<Uint32Array> {
    const turn = this.#last.then(() => this.#runNow(words))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #runNow(words: Uint32Array<ArrayBuffer>): Promise<Uint32Array> {
    const device = this.#device
    const { items, results, count, answer } = this.#buffers
    const length = words.length / this.#kernel.itemWords
    const bytes = length * this.#kernel.resultWords * WORD
    device.queue.writeBuffer(items, 0, words)
    device.queue.writeBuffer(count, 0, Uint32Array.of(length, 0, 0, 0))
    const encoder = device.createCommandEncoder()
    const pass = encoder.beginComputePass()
    pass.setBindGroup(0, this.#group)
    for (const pipeline of this.#pipelines) {
      pass.setPipeline(pipeline)
      pass.dispatchWorkgroups(Math.ceil(length / WORKGROUP))
    }
    pass.end()
    encoder.copyBufferToBuffer(results, 0, answer, 0, bytes)
    device.queue.submit([encoder.finish()])
    await answer.mapAsync(MAP_READ)
    const out = new Uint32Array(answer.getMappedRange().slice(0, bytes))
    answer.unmap()
    return out
  }

  destroy(): void {
    for (const buffer of Object.values(this.#buffers)) buffer.destroy()
  }
}
