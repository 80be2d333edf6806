import type { ByteStore } from '../caching/stored-cache.ts'

/** The browser's Cache Storage as a {@link ByteStore}: shared by pages and service workers of one origin, and kept over restarts. */
export async function openCacheStorageStore(name: string): Promise<ByteStore> {
  const storage = await caches.open(name)
  const url = (key: string) => `/.zcdn/${key}`
  return {
    async get(key) {
      const found = await storage.match(url(key))
      return found ? new Uint8Array(await found.arrayBuffer()) : undefined
    },
    put: (key, bytes) => storage.put(url(key), new Response(bytes as Uint8Array<ArrayBuffer>)),
    async delete(key) {
      await storage.delete(url(key))
    },
    keys: async () => (await storage.keys()).map((request) => new URL(request.url).pathname.slice('/.zcdn/'.length)),
  }
}
