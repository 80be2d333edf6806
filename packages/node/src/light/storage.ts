/** Where a light node keeps what it has verified between two runs: a few kilobytes under one key. */
export interface LightStorage {
  get(key: string): Promise<Uint8Array | undefined>
  set(key: string, value: Uint8Array): Promise<void>
}

const DATABASE = 'zos-light'
const TABLE = 'state'

/** IndexedDB, as every browser has it, in pages and workers. */
export function indexedDbStorage(): LightStorage {
  let opened: Promise<IDBDatabase> | undefined
  const open = () => {
    opened ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(DATABASE, 1)
      request.onupgradeneeded = () => request.result.createObjectStore(TABLE)
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
    return opened
  }
  return {
    async get(key) {
      const database = await open()
      return new Promise((resolve, reject) => {
        const request = database.transaction(TABLE).objectStore(TABLE).get(key)
        request.onsuccess = () => resolve(request.result as Uint8Array | undefined)
        request.onerror = () => reject(request.error)
      })
    },
    async set(key, value) {
      const database = await open()
      await new Promise<void>((resolve, reject) => {
        const transaction = database.transaction(TABLE, 'readwrite')
        transaction.objectStore(TABLE).put(value, key)
        transaction.oncomplete = () => resolve()
        transaction.onerror = () => reject(transaction.error)
        transaction.onabort = () => reject(transaction.error)
      })
    },
  }
}
