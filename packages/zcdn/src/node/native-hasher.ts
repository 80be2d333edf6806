/// <reference types="node" />
import { createHash, hash } from 'node:crypto'
import { type Hasher, portableHasher, SHA2_256 } from '../content/hasher.ts'

/** SHA2-256 by Node's own crypto, synchronous: about ten times {@link portableHasher}; the rest as there. */
export const nodeHasher: Hasher = (code, bytes) => {
  if (code !== SHA2_256) return portableHasher(code, bytes)
  return typeof hash === 'function' ? hash('sha256', bytes, 'buffer') : createHash('sha256').update(bytes).digest()
}
