/// <reference types="node" />
import { createHash } from 'node:crypto'
import type { S3GatewayOptions } from '../s3/s3-gateway.ts'

/** Clock, dates and hashes of Node for {@link S3GatewayOptions}. */
export const nodeS3Defaults: Pick<S3GatewayOptions, 'nowMs' | 'formatDate' | 'createHash'> = {
  nowMs: () => Date.now(),
  formatDate: (ms) => ({ iso: new Date(ms).toISOString(), http: new Date(ms).toUTCString() }),
  createHash: (name) => createHash(name),
}
