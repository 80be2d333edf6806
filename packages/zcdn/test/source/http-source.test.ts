import { expect, it } from 'vitest'
import { rawCid } from '../../src/edge/index.ts'
import { httpSource } from '../../src/source/http-source.ts'

it('reads answers with the reader of the stream alone, and gives the connection back when it has enough', async () => {
  let cancelled = false
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(10).fill(7)),
    cancel: () => {
      cancelled = true
    },
  })
  // As in browsers whose streams cannot be looped over.
  Object.defineProperty(body, Symbol.asyncIterator, { value: undefined })
  const response = { status: 206, headers: new Headers({ 'content-range': 'bytes 100-124/1000' }), body }
  const source = httpSource({ gateway: 'https://a.example/', fetch: async () => response as unknown as Response })
  const root = await rawCid(new Uint8Array(1))
  const request = { root, start: 100, end: 125, leaves: [] }
  const lengths: number[] = []
  for await (const chunk of source.read(request, { signal: new AbortController().signal })) lengths.push(chunk.length)
  expect(lengths).toEqual([10, 10, 5])
  expect(cancelled).toBe(true)
})
