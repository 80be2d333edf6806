/** A gateway in memory, and clients that sign for its owners. */
import { createMemoryBlockStore } from '../../src/blocks/memory.ts'
import { defaultCrypto } from '../../src/crypto/default.ts'
import { nodeS3Defaults } from '../../src/platform/s3-defaults.ts'
import { createUnixfsContent } from '../../src/s3/object-content.ts'
import { createMemoryIndex } from '../../src/s3/object-index.ts'
import type { Owner, S3Credential } from '../../src/s3/owners.ts'
import { createS3Gateway, type S3GatewayOptions } from '../../src/s3/s3-gateway.ts'
import { signRequest } from '../../src/s3/sigv4.ts'
import { textOf } from '../../src/s3/xml.ts'

export const alice: Owner = { id: 'alice-id', displayName: 'Alice', email: 'alice@example.org' }
export const bob: Owner = { id: 'bob-id', displayName: 'Bob' }
/** 2026-08-01T12:00:00Z */
export const START_MS = 1_785_585_600_000

/** An answer, read. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** of an error */
  readonly code: string | undefined
}

export type Ask = (
  method: string,
  path: string,
  body?: string | Uint8Array,
  headers?: Record<string, string>,
) => Promise<Answer>

/** A gateway with a clock that the test moves; `ask(owner)` signs for an owner, `ask(undefined)` does not sign. */
export function createGateway(more: Partial<S3GatewayOptions> = {}) {
  const clock = { ms: START_MS }
  const store = createMemoryBlockStore()
  const retained = new Map<string, number>()
  const unixfs = createUnixfsContent(store)
  const credentials = new Map<string, S3Credential>(
    [alice, bob].map((owner) => [`KEY-${owner.id}`, { secretKey: `secret of ${owner.id}`, owner }]),
  )
  const handler = createS3Gateway({
    nowMs: () => clock.ms,
    formatDate: nodeS3Defaults.formatDate,
    content: {
      ...unixfs,
      retain: async (ref) => void retained.set(ref, (retained.get(ref) ?? 0) + 1),
      release: async (ref) => void retained.set(ref, (retained.get(ref) ?? 0) - 1),
    },
    index: createMemoryIndex(),
    credentials,
    ownership: 'ObjectWriter',
    ...more,
  })
  const send = async (request: Request): Promise<Answer> => {
    const response = await handler(request)
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, code: textOf(text, 'Code') }
  }
  const ask =
    (owner: Owner | undefined): Ask =>
    async (method, path, body = '', headers = {}) => {
      const url = new URL(path.startsWith('http:') ? path : `http://s3.test${path}`)
      const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
      const given = new Headers({ ...headers, host: url.host })
      const signed =
        owner === undefined
          ? given
          : await signRequest(
              defaultCrypto(),
              { method, path: url.pathname, query: url.searchParams, headers: given },
              { accessKey: `KEY-${owner.id}`, secretKey: `secret of ${owner.id}`, region: 'here' },
              bytes,
              new Date(clock.ms).toISOString().replace(/[-:]|\.\d+/g, ''),
            )
      const hasBody = method !== 'GET' && method !== 'HEAD'
      return send(new Request(url, { method, headers: signed, ...(hasBody ? { body: bytes as BodyInit } : {}) }))
    }
  /** References that are held by the content. */
  const held = () => [...retained].filter(([, count]) => count !== 0)
  return { ask, send, clock, held, handler }
}
