export { openCacheStorageStore } from './cache-storage-store.ts'
export { rtcChannel } from './rtc-channel.ts'
export { createResponder, type Responder, type ResponderOptions } from './worker-responder.ts'
