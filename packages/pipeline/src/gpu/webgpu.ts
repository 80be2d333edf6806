/**
 * The parts of WebGPU that are used here, so that neither this package nor who imports it needs its types. `navigator.gpu` of a browser fits, and what
 * `create([])` of the npm package `webgpu` gives in Node.
 */

export interface GpuBuffer {
  mapAsync(mode: number): Promise<unknown>
  getMappedRange(): ArrayBuffer
  unmap(): void
  destroy(): void
}

interface GpuPass {
  setPipeline(pipeline: object): void
  setBindGroup(index: number, group: object): void
  dispatchWorkgroups(x: number): void
  end(): void
}

interface GpuEncoder {
  beginComputePass(): GpuPass
  copyBufferToBuffer(from: GpuBuffer, fromOffset: number, to: GpuBuffer, toOffset: number, size: number): void
  finish(): object
}

/**
 * A WebGPU device (§4.4 of the specification): what buffers, shaders and commands are made with. `lost` resolves once
 * it is gone.
 */
export interface GpuDevice {
  readonly limits: { readonly maxStorageBufferBindingSize: number; readonly maxBufferSize: number }
  readonly lost: Promise<{ readonly reason?: string; readonly message: string }>
  readonly queue: {
    writeBuffer(buffer: GpuBuffer, offset: number, data: Uint32Array<ArrayBuffer>): void
    submit(commands: object[]): void
  }
  createShaderModule(descriptor: { label: string; code: string }): object
  createBindGroupLayout(descriptor: object): object
  createPipelineLayout(descriptor: object): object
  createComputePipelineAsync(descriptor: object): Promise<object>
  createBindGroup(descriptor: object): object
  createBuffer(descriptor: { label?: string; size: number; usage: number }): GpuBuffer
  createCommandEncoder(): GpuEncoder
  destroy(): void
}

/** A GPU of this machine and its limits (WebGPU, §4.3), before a device is opened on it. */
export interface GpuAdapter {
  readonly info?: { readonly vendor?: string; readonly architecture?: string; readonly description?: string }
  readonly limits: { readonly maxStorageBufferBindingSize: number; readonly maxBufferSize: number }
  requestDevice(descriptor?: object): Promise<GpuDevice>
}

/** What finds a GPU. */
export interface Gpu {
  requestAdapter(options?: { powerPreference?: 'high-performance' }): Promise<GpuAdapter | null>
}

/** Constants of the specification (§5.2, §5.5.1, §6.1). */
export const usage = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const
export const COMPUTE = 4
export const MAP_READ = 1
