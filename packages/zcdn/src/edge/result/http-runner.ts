import { CdnError } from '../../errors.ts'
import { chunksOf } from '../../platform/chunks.ts'
import { type Post, systemPost } from '../../platform/system-fetch.ts'
import { RUN_LIMITS } from '../run/limits.ts'
import type { EdgeRunner } from './agree.ts'
import { EDGE_HEADERS, fromBase64Url, toHex } from './headers.ts'
import { decodeSignedResult } from './record.ts'

/** A `zos-cdn serve --edge` somewhere, as a runner. The caller verifies what it says; `runWithAgreement` does. */
export function httpRunner({ url, id, post = systemPost }: { url: string; id?: string; post?: Post }): EdgeRunner {
  const base = url.replace(/\/+$/, '')
  return {
    id: id ?? base,
    async run(code, input, { fuel, deadlineMs, reads, nowMs, seed, signal }) {
      const headers: Record<string, string> = { 'content-type': 'application/octet-stream' }
      if (fuel !== undefined) headers[EDGE_HEADERS.fuelLimit] = String(fuel)
      if (deadlineMs !== undefined) headers[EDGE_HEADERS.deadlineMs] = String(deadlineMs)
      if (reads?.length) headers[EDGE_HEADERS.reads] = reads.join(',')
      if (nowMs !== undefined) headers[EDGE_HEADERS.nowMs] = String(nowMs)
      if (seed) headers[EDGE_HEADERS.seed] = toHex(seed)
      const response = await post(`${base}/edge/${code}`, input, { headers, ...(signal && { signal }) })
      const signed = response.headers.get(EDGE_HEADERS.result)
      const length = Number(response.headers.get('content-length') ?? 0)
      if (!signed || length > RUN_LIMITS.outputBytes) {
        const reason = length > 0 && length < 4096 ? await response.text() : ''
        if (!response.bodyUsed) await response.body?.cancel()
        throw new CdnError(
          'CDN_SOURCE_FAILED',
          `${base} answered ${response.status} without a result: ${reason.trim()}`,
          {
            runner: base,
            status: response.status,
          },
        )
      }
      const ended = response.headers.get(EDGE_HEADERS.status) === 'done'
      const body = await readAtMost(response, RUN_LIMITS.outputBytes)
      // Of a run that did not end by itself the body is a sentence for people, and its output is empty.
      return { signed: decodeSignedResult(fromBase64Url(signed)), output: ended ? body : new Uint8Array(0) }
    },
  }
}

async function readAtMost(response: Response, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ? chunksOf(response.body) : []) {
    length += chunk.length
    if (length > limit) throw new CdnError('CDN_SOURCE_FAILED', `more than ${limit} bytes of output`, { limit })
    parts.push(chunk)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
