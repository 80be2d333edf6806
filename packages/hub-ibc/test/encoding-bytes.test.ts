import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, toHex } from '../src/encoding/bytes.ts'

const bytes = fc.uint8Array({ maxLength: 40 })

test('hex goes there and back, in either case and with or without a prefix', () => {
  fc.assert(
    fc.property(bytes, (value) => {
      const hex = toHex(value)
      expect(hex).toBe(Buffer.from(value).toString('hex'))
      for (const text of [hex, hex.toUpperCase(), `0x${hex}`]) expect(fromHex(text)).toEqual(value)
    }),
  )
})

test('what is no hex is refused', () => {
  for (const text of ['0', '0g', 'g0', '0x0', '\u0130\u0130', '\u01300', ' 0', '0x0x', '--', '+1'])
    expect(() => fromHex(text), text).toThrow(expect.objectContaining({ code: 'HUB_DECODE' }))
})
