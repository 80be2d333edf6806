import { expect, it } from 'vitest'
import { createDnsLink } from '../../src/platform/dns-link.ts'

it('finds the link of a domain, keeps the answer for a minute, and takes a failure for no link', async () => {
  let now = 0
  const asked: string[] = []
  const records: Record<string, string[][]> = {
    '_dnslink.site.example': [['v=spf1'], ['dnslink=/ipns/', 'other.example'], ['dnslink=/ipfs/bafkqaaa']],
    '_dnslink.none.example': [['dnslink=http://x']],
  }
  const find = createDnsLink({
    nowMs: () => now,
    resolveTxt: async (name) => {
      asked.push(name)
      const found = records[name]
      if (found === undefined) throw new Error('ENOTFOUND')
      return found
    },
  })
  expect(await find('site.example')).toBe('/ipfs/bafkqaaa')
  expect(await find('none.example')).toBeUndefined()
  expect(await find('missing.example')).toBeUndefined()
  expect(await find('site.example')).toBe('/ipfs/bafkqaaa')
  expect(asked).toHaveLength(3)
  now = 60_001
  await find('site.example')
  expect(asked).toHaveLength(4)
  for (let i = 0; i < 1500; i++) await find(`d${i}.example`)
  await find('site.example')
  expect(asked).toHaveLength(1505)
})
