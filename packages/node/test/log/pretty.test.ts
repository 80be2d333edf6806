import { expect, test } from 'vitest'
import { prettyLine } from '../../src/log/pretty.ts'

test('a line for people has time, level, message and what belongs to it', () => {
  const line = prettyLine(
    JSON.stringify({
      level: 40,
      time: 1_700_000_000_000,
      pid: 1,
      hostname: 'h',
      name: 'zos',
      msg: 'slow',
      peer: 'p',
      ms: 7,
    }),
  )
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of terminals
  expect(line.replaceAll(/\x1b\[\d+m/g, '')).toMatch(/^\d\d:\d\d:\d\d warn {2}slow peer=p ms=7\n$/)
})
