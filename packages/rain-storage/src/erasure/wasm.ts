/** The few names of the WebAssembly interface that the package uses; neither ES nor Node types declare them. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

interface WasmNamespace {
  validate(bytes: Uint8Array): boolean
  Memory: new (descriptor: { initial: number; maximum?: number }) => WasmMemory
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object, imports: object) => { readonly exports: Record<string, unknown> }
}

/** Pages of 64 KiB that one module may grow to (64 MiB): 255 strips and the largest tables need 5 MiB. */
const MAX_PAGES = 1024

const PAGE = 65_536

/** Grows `memory` to at least `bytes`. */
export function reserve(memory: WasmMemory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE))
}

/**
 * Instantiates a module given in base64 with an imported memory of `pages` × 64 KiB; `undefined` when the engine has no
 * WebAssembly or not the instructions that the module needs. Synchronous, which the size of the modules allows everywhere (see {@link instantiate}).
 */
export function loadWasm(
  base64: string,
  pages: number,
): { memory: WasmMemory; exports: Record<string, unknown> } | undefined {
  const wasm = namespace()
  if (wasm === undefined) return undefined
  const bytes = Uint8Array.from(atob(base64), (c: string) => c.charCodeAt(0))
  if (!wasm.validate(bytes)) return undefined
  const memory = new wasm.Memory({ initial: pages, maximum: MAX_PAGES })
  return { memory, exports: instantiate(bytes, memory) }
}

/** Instantiates a module over an existing memory. Synchronous: Chromium takes up to 8 MiB on a page's main thread, others have no such limit. */
export function instantiate(bytes: Uint8Array, memory: WasmMemory): Record<string, unknown> {
  const wasm = namespace()!
  return new wasm.Instance(new wasm.Module(bytes), { env: { memory, abort: () => undefined } }).exports
}

function namespace(): WasmNamespace | undefined {
  return (globalThis as { WebAssembly?: WasmNamespace }).WebAssembly
}
