/// <reference types="node" />
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { IncrementalHash } from '../s3/body.ts'
import type { S3GatewayOptions } from '../s3/s3-gateway.ts'
import { remoteAddressOf } from './http-server.ts'

/** Clock, dates, hashes and addresses of Node for {@link S3GatewayOptions}. */
export const nodeS3Defaults: Pick<S3GatewayOptions, 'nowMs' | 'formatDate' | 'createHash' | 'addressOf'> = {
  nowMs: () => Date.now(),
  addressOf: remoteAddressOf,
  formatDate: (ms) => ({ iso: new Date(ms).toISOString(), http: new Date(ms).toUTCString() }),
  createHash: (name) => (name === 'crc32' ? createCrc32() : isNative(name) ? createHash(name) : undefined),
}

const isNative = (name: string): name is 'md5' | 'sha1' | 'sha256' => ['md5', 'sha1', 'sha256'].includes(name)

function createCrc32(): IncrementalHash {
  let value = 0
  return {
    update: (bytes) => {
      value = crc32(bytes, value)
    },
    digest: () => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(value)
      return bytes
    },
  }
}
