import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { explorerBody, explorerHeaders } from '../../src/explorer/page.ts'

/** Bytes, compressed: what a phone on a bad line should have to load. */
const MAX_GZIP_BYTES = 60_000

test('the explorer is at most 60 kB compressed', () => {
  expect(gzipSync(explorerBody).length).toBeLessThan(MAX_GZIP_BYTES)
})

test('the policy of the page allows its own script and style and nothing else', () => {
  const policy = explorerHeaders['content-security-policy']!
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toContain('unsafe')
  for (const tag of ['script', 'style']) {
    const parts = [...explorerBody.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs'))]
    expect(parts).toHaveLength(1)
    const hash = createHash('sha256').update(parts[0]![1]!).digest('base64')
    expect(policy).toContain(`${tag}-src 'sha256-${hash}'`)
  }
})

test('the page names no other address', () => {
  const addresses = explorerBody.match(/https?:\/\/[^\s'"`)]+/g) ?? []
  expect(addresses.filter((address) => !address.startsWith('http://www.w3.org/'))).toEqual([])
})
