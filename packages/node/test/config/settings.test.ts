import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadSettings } from '../../src/config/load.ts'
import { readSettings } from '../../src/config/settings.ts'

const settings = {
  port: { kind: 'number', default: 8545, max: 65_535, description: '' },
  'data-dir': { kind: 'text', required: true, description: '' },
  peers: { kind: 'list', description: '' },
  json: { kind: 'switch', description: '' },
  host: { kind: 'text', description: '' },
} as const

test('a flag wins over the environment, that over the file, that over the default', () => {
  const file = { name: 'zos.json', values: { port: 1, dataDir: 'file', peers: ['a'], host: 'file' } }
  const env = { ZOS_PORT: '2', ZOS_DATA_DIR: 'env', ZOS_JSON: 'true' }
  expect(readSettings(settings, { flags: { port: '3' }, env, file })).toEqual({
    port: 3,
    'data-dir': 'env',
    peers: ['a'],
    json: true,
    host: 'file',
  })
  expect(readSettings(settings, { flags: { 'data-dir': 'd' }, env: {} })).toEqual({
    port: 8545,
    'data-dir': 'd',
    peers: [],
    json: false,
    host: undefined,
  })
})

test.each([
  [{ flags: { port: 'x' }, env: {} }, '--port must be a whole number, not "x"'],
  [{ flags: {}, env: { ZOS_PORT: '70000' } }, 'ZOS_PORT must be 0 to 65535'],
  [
    { flags: {}, env: {}, file: { name: 'zos.json', values: { port: true } } },
    'port in zos.json must be a whole number, not true',
  ],
  [{ flags: { 'data-dir': 'd' }, env: { ZOS_JSON: 'maybe' } }, 'ZOS_JSON must be true or false, not "maybe"'],
  [
    { flags: {}, env: {}, file: { name: 'zos.json', values: { peers: 'a', port: 1, prot: 2 } } },
    'there is no setting prot (in zos.json)',
  ],
  [{ flags: {}, env: {} }, '--data-dir is needed (or ZOS_DATA_DIR, or dataDir in the configuration file)'],
  [{ flags: { 'data-dir': '' }, env: {} }, '--data-dir must be a text, not ""'],
])('a wrong value is reported with its source: %#', (sources, message) => {
  expect(() => readSettings(settings, sources)).toThrow(message)
})

test('--config and ZOS_CONFIG name the file; one that cannot be read says why', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zos-config-'))
  const path = join(folder, 'zos.json')
  writeFileSync(path, '{ "dataDir": "x", "port": 7 }')
  expect(loadSettings(settings, { config: path }, {}).port).toBe(7)
  expect(loadSettings(settings, {}, { ZOS_CONFIG: path })['data-dir']).toBe('x')
  writeFileSync(path, '[1]')
  expect(() => loadSettings(settings, { config: path }, {})).toThrow('must hold an object')
  writeFileSync(path, '{')
  expect(() => loadSettings(settings, { config: path }, {})).toThrow('is not JSON')
  expect(() => loadSettings(settings, { config: join(folder, 'none') }, {})).toThrow('cannot read')
  rmSync(folder, { recursive: true })
})
