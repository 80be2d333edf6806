import { describe, expect, it } from 'vitest'
import { createMemoryBlockStore } from '../../src/blocks/memory.ts'
import { createLocalNode } from '../../src/rain/node.ts'
import { createVault } from '../../src/rain/vault.ts'
import { createVaultContent } from '../../src/s3/object-content.ts'
import { textOf } from '../../src/s3/xml.ts'
import { alice, createGateway } from './gateway-client.ts'

const HEADER = 'x-amz-server-side-encryption'
const config = (algorithm: string) =>
  `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`

describe('encryption by the server', () => {
  it('is granted where a vault seals the content, and every answer about an object names it', async () => {
    const nodes = Array.from({ length: 4 }, (_, i) =>
      createLocalNode({ id: `n${i}`, domain: `d${i}`, weight: 1, store: createMemoryBlockStore() }),
    )
    const vault = createVault({ nodes: () => nodes, dataShards: 2, totalShards: 4 })
    const ask = createGateway({ content: createVaultContent(vault) }).ask(alice)
    await ask('PUT', '/sealed')
    const asked = { [HEADER]: 'AES256' }
    for (const headers of [asked, {}] as Record<string, string>[]) {
      const put = await ask('PUT', '/sealed/a', 'words', headers)
      expect([put.status, put.headers.get(HEADER)]).toEqual([200, 'AES256'])
    }
    const got = await ask('GET', '/sealed/a')
    expect([got.text, got.headers.get(HEADER)]).toEqual(['words', 'AES256'])
    const upload = await ask('POST', '/sealed/b?uploads', '', asked)
    expect(upload.headers.get(HEADER)).toBe('AES256')
    const part = await ask('PUT', `/sealed/b?uploadId=${textOf(upload.text, 'UploadId')}&partNumber=1`, 'part')
    expect(part.headers.get(HEADER)).toBe('AES256')
    const copied = await ask('PUT', '/sealed/c', '', { 'x-amz-copy-source': '/sealed/a', ...asked })
    expect(copied.headers.get(HEADER)).toBe('AES256')

    expect(textOf((await ask('GET', '/sealed?encryption')).text, 'SSEAlgorithm')).toBe('AES256')
    expect((await ask('PUT', '/sealed?encryption', config('AES256'))).status).toBe(200)
    expect((await ask('DELETE', '/sealed?encryption')).status).toBe(204)
    expect((await ask('PUT', '/sealed?encryption', config('aws:kms'))).code).toBe('NotImplemented')
    expect((await ask('PUT', '/sealed?encryption', '<nothing/>')).code).toBe('MalformedXML')
    for (const [name, value] of [
      [HEADER, 'aws:kms'],
      [`${HEADER}-customer-algorithm`, 'AES256'],
      [`${HEADER}-aws-kms-key-id`, 'mine'],
    ] as const)
      expect((await ask('PUT', '/sealed/d', 'words', { [name]: value })).code, name).toBe('NotImplemented')
    expect((await ask('GET', '/sealed/d')).code).toBe('NoSuchKey')
  })

  it('is refused where the content is not sealed', async () => {
    const ask = createGateway().ask(alice)
    await ask('PUT', '/plain')
    expect((await ask('PUT', '/plain/a', 'words', { [HEADER]: 'AES256' })).code).toBe('NotImplemented')
    expect((await ask('GET', '/plain/a')).code).toBe('NoSuchKey')
    expect((await ask('PUT', '/plain/a', 'words')).headers.get(HEADER)).toBe(null)
    expect((await ask('GET', '/plain?encryption')).code).toBe('ServerSideEncryptionConfigurationNotFoundError')
    expect((await ask('PUT', '/plain?encryption', config('AES256'))).code).toBe('NotImplemented')
    expect((await ask('DELETE', '/plain?encryption')).code).toBe('NotImplemented')
  })
})
