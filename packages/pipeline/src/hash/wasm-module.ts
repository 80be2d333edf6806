/** Decodes base64 and makes a synchronous instance; undefined where the engine refuses (no WebAssembly, a content security policy, an unknown instruction). */
export function instantiateSync<E extends object>(base64: string): E | undefined {
  try {
    const text = atob(base64)
    const bytes = new Uint8Array(text.length)
    for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i)
    return new WebAssembly.Instance(new WebAssembly.Module(bytes), {}).exports as E
  } catch {
    return undefined
  }
}

/** Makes `memory` at least `bytes` large. Views on the old buffer are dead afterwards. */
export function ensureMemory(memory: WebAssembly.Memory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / 65536))
}
