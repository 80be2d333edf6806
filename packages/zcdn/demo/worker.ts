/// <reference lib="webworker" />
import { createResponder, openCacheStorageStore } from '../src/browser/index.ts'
import { httpSource, openStoredCache } from '../src/index.ts'

const worker = self as unknown as ServiceWorkerGlobalScope
const cache = openCacheStorageStore('zcdn').then((store) => openStoredCache({ store, capacityBytes: 50_000_000 }))

// The browser's own HTTP cache would keep every byte once more.
const uncached = (url: string, init: RequestInit) => fetch(url, { ...init, cache: 'no-store' })

worker.addEventListener('install', () => void worker.skipWaiting())
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()))
worker.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url)
  if (!url.pathname.startsWith('/zcdn/')) return
  event.respondWith(
    cache.then((opened) => {
      const respond = createResponder({
        prefix: '/zcdn/',
        cache: opened,
        sources: () => url.searchParams.getAll('node').map((gateway) => httpSource({ gateway, fetch: uncached })),
        onLeaf: async (root, leaf) => {
          for (const client of await worker.clients.matchAll()) client.postMessage({ root, leaf })
        },
      })
      return respond(event.request)!
    }),
  )
})
