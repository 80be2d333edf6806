import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { elementsOf, textOf } from '../../src/s3/xml.ts'
import { type Ask, alice, bob, createGateway } from './gateway-client.ts'

const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers'
const policyOf = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements })
const block = (settings: Record<string, boolean>) =>
  `<PublicAccessBlockConfiguration>${Object.entries(settings)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join('')}</PublicAccessBlockConfiguration>`
const ownership = (text: string) =>
  `<OwnershipControls><Rule><ObjectOwnership>${text}</ObjectOwnership></Rule></OwnershipControls>`

/** What a caller may with a bucket `shared` that has an object `x`: letters of what succeeds. */
async function rights(ask: Ask): Promise<string> {
  const tries: [letter: string, method: string, path: string, body?: string][] = [
    ['l', 'GET', '/shared?list-type=2'],
    ['v', 'GET', '/shared?versions'],
    ['r', 'GET', '/shared/x'],
    ['a', 'GET', '/shared/x?acl'],
    ['A', 'GET', '/shared?acl'],
    ['w', 'PUT', '/shared/new', 'new'],
    ['d', 'DELETE', '/shared/new'],
    ['p', 'GET', '/shared?policyStatus'],
    ['t', 'GET', '/shared/x?tagging'],
    ['P', 'PUT', '/shared?policy', policyOf({ Effect: 'Deny', Principal: '*', Action: 's3:None', Resource: '*' })],
  ]
  let letters = ''
  for (const [letter, method, path, body] of tries) {
    const { status, code } = await ask(method, path, body)
    if (status < 300) letters += letter
    else expect([letter, status, code]).toEqual([letter, 403, 'AccessDenied'])
  }
  return letters
}

const EVERYTHING = 'lvraAwdptP'

describe('who has no key and no grant', () => {
  it('may nothing with new buckets and objects, whatever the setting of ownership', async () => {
    for (const setting of [undefined, 'BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'] as const) {
      const { ask } = createGateway(setting === undefined ? {} : { ownership: setting })
      await ask(alice)('PUT', '/shared')
      await ask(alice)('PUT', '/shared/x', 'secret')
      expect(await rights(ask(undefined))).toBe('')
      expect(await rights(ask(bob))).toBe('')
      expect(await rights(ask(alice))).toBe(EVERYTHING)
      expect((await ask(undefined)('GET', '/')).code).toBe('AccessDenied')
      expect((await ask(undefined)('PUT', '/another')).code).toBe('AccessDenied')
      expect((await ask(bob)('DELETE', '/shared')).code).toBe('AccessDenied')
      expect((await ask(bob)('PUT', '/shared')).code).toBe('BucketAlreadyExists')
    }
  })

  it('does not learn which objects there are', async () => {
    const { ask } = createGateway()
    await ask(alice)('PUT', '/shared')
    await ask(alice)('PUT', '/shared/x', 'secret')
    for (const key of ['x', 'missing']) expect((await ask(bob)('GET', `/shared/${key}`)).code).toBe('AccessDenied')
    expect((await ask(alice)('GET', '/shared/missing')).code).toBe('NoSuchKey')
  })

  it('finds buckets of others neither in the list nor by copying out of them', async () => {
    const { ask } = createGateway()
    await ask(alice)('PUT', '/shared')
    await ask(alice)('PUT', '/shared/x', 'secret')
    await ask(bob)('PUT', '/mine')
    expect(elementsOf((await ask(bob)('GET', '/')).text, 'Name')).toEqual(['mine'])
    const copied = await ask(bob)('PUT', '/mine/x', '', { 'x-amz-copy-source': 'shared/x' })
    expect(copied.code).toBe('AccessDenied')
    const { text } = await ask(bob)('POST', '/mine/x?uploads')
    const part = `/mine/x?uploadId=${textOf(text, 'UploadId')}&partNumber=1`
    expect((await ask(bob)('PUT', part, '', { 'x-amz-copy-source': 'shared/x' })).code).toBe('AccessDenied')
  })
})

describe('access lists', () => {
  it.each([
    ['private', 'private', '', ''],
    ['public-read', 'private', 'l', 'l'],
    ['public-read-write', 'private', 'lwd', 'lwd'],
    ['authenticated-read', 'private', '', 'l'],
    ['private', 'public-read', 'r', 'r'],
    ['private', 'authenticated-read', '', 'r'],
  ])('bucket %s, object %s: anybody may "%s", a signed caller "%s"', async (bucket, object, anybody, signed) => {
    const { ask } = createGateway()
    await ask(alice)('PUT', '/shared', '', { 'x-amz-acl': bucket })
    await ask(alice)('PUT', '/shared/x', 'body', { 'x-amz-acl': object })
    const listVersions = (letters: string) => letters.replace('l', 'lv')
    expect(await rights(ask(undefined))).toBe(listVersions(anybody))
    expect(await rights(ask(bob))).toBe(listVersions(signed))
    expect(await rights(ask(alice))).toBe(EVERYTHING)
  })

  it('grant single permissions to one owner, in headers and in documents', async () => {
    const { ask } = createGateway()
    await ask(alice)('PUT', '/shared')
    await ask(alice)('PUT', '/shared/x', 'body', { 'x-amz-grant-read-acp': `id="${bob.id}"` })
    expect(await rights(ask(bob))).toBe('a')
    const { text } = await ask(alice)('GET', '/shared/x?acl')
    await ask(alice)('PUT', '/shared/x?acl', text.replace('READ_ACP', 'READ'))
    expect(await rights(ask(bob))).toBe('r')
    await ask(alice)('PUT', '/shared?acl', '', {
      'x-amz-grant-write': `id=${bob.id}`,
      'x-amz-grant-read': `uri="${ALL_USERS}"`,
    })
    expect(await rights(ask(bob))).toBe('lvrwd')
    expect(await rights(ask(undefined))).toBe('lv')
    const byMail = await ask(bob)('PUT', '/mine', '', { 'x-amz-grant-full-control': `emailAddress=${alice.email}` })
    expect(byMail.status).toBe(200)
    expect((await ask(alice)('GET', '/mine?acl')).text).toContain(`<ID>${alice.id}</ID>`)
  })

  it('are refused when they are not what they should be', async () => {
    const { ask } = createGateway()
    const s3 = ask(alice)
    await s3('PUT', '/shared')
    const put = (headers: Record<string, string>, body = '') => s3('PUT', '/shared?acl', body, headers)
    expect((await put({ 'x-amz-acl': 'all-of-you' })).code).toBe('InvalidArgument')
    expect((await put({ 'x-amz-grant-read': 'id=nobody' })).code).toBe('InvalidArgument')
    expect((await put({ 'x-amz-grant-read': 'emailAddress=nobody@example.org' })).code).toBe(
      'UnresolvableGrantByEmailAddress',
    )
    expect((await put({ 'x-amz-grant-read': 'uri=http://example.org/' })).code).toBe('InvalidArgument')
    expect((await put({ 'x-amz-acl': 'private', 'x-amz-grant-read': `id=${bob.id}` })).code).toBe('InvalidRequest')
    expect((await put({}, '<AccessControlPolicy/>')).code).toBe('MalformedACLError')
    const { text } = await s3('GET', '/shared?acl')
    expect((await put({}, text.replaceAll(alice.id, bob.id))).code).toBe('AccessDenied')
    const many = text.replace(/<Grant>.*<\/Grant>/, (grant) => grant.repeat(101))
    expect((await put({}, many)).code).toBe('MalformedACLError')
  })

  it('give what others write into a bucket to its writer, or to the owner of the bucket, as it is set', async () => {
    const { ask } = createGateway()
    await ask(alice)('PUT', '/shared', '', { 'x-amz-acl': 'public-read-write' })
    const ownerOf = async (caller: Ask) =>
      textOf(elementsOf((await caller('GET', '/shared/x?acl')).text, 'Owner')[0]!, 'ID')
    const given = { 'x-amz-acl': 'bucket-owner-full-control' }
    await ask(bob)('PUT', '/shared/x', 'by bob')
    expect(await ownerOf(ask(bob))).toBe(bob.id)
    // the bucket is Alice's, what is in it is not
    expect((await ask(alice)('GET', '/shared/x')).code).toBe('AccessDenied')
    await ask(bob)('PUT', '/shared/x', 'by bob', given)
    expect([await ownerOf(ask(alice)), (await ask(alice)('GET', '/shared/x')).text]).toEqual([bob.id, 'by bob'])
    await ask(alice)('PUT', '/shared?ownershipControls', ownership('BucketOwnerPreferred'))
    await ask(bob)('PUT', '/shared/x', 'by bob', given)
    expect(await ownerOf(ask(alice))).toBe(alice.id)
    // an unsigned object is nobody's: it is the bucket owner's
    await ask(undefined)('PUT', '/shared/x', 'by nobody')
    expect([await ownerOf(ask(alice)), (await ask(alice)('GET', '/shared/x')).text]).toEqual([alice.id, 'by nobody'])
    const enforced = ownership('BucketOwnerEnforced')
    expect((await ask(alice)('PUT', '/shared?ownershipControls', enforced)).code).toBe(
      'InvalidBucketAclWithObjectOwnership',
    )
    await ask(alice)('PUT', '/shared?acl', '', { 'x-amz-acl': 'private' })
    expect((await ask(alice)('PUT', '/shared?ownershipControls', enforced)).status).toBe(200)
    for (const acl of ['public-read', 'private'])
      expect((await ask(alice)('PUT', '/shared/x', '', { 'x-amz-acl': acl })).code).toBe(
        'AccessControlListNotSupported',
      )
  })

  it('of a bucket that is created again are the same, or the bucket exists already', async () => {
    const { ask } = createGateway()
    const create = (acl: string) => ask(alice)('PUT', '/shared', '', { 'x-amz-acl': acl })
    expect((await create('public-read')).status).toBe(200)
    expect((await create('public-read')).status).toBe(200)
    expect((await create('private')).code).toBe('BucketAlreadyExists')
    await ask(alice)('PUT', '/shared?acl', '', { 'x-amz-acl': 'bucket-owner-full-control' })
    expect((await create('private')).status).toBe(200)
    expect((await ask(alice)('PUT', '/shared?ownershipControls', ownership('BucketOwnerEnforced'))).status).toBe(200)
  })

  it('do not count where the owner of the bucket has all, also those set before', async () => {
    const { ask } = createGateway()
    await ask(alice)('PUT', '/shared')
    await ask(alice)('PUT', '/shared/x', 'body', { 'x-amz-acl': 'public-read' })
    expect((await ask(undefined)('GET', '/shared/x')).status).toBe(200)
    await ask(alice)('PUT', '/shared?ownershipControls', ownership('BucketOwnerEnforced'))
    expect(await rights(ask(undefined))).toBe('')
  })
})

describe('the block of public access', () => {
  it('keeps public lists and policies out, and those that are there from counting', async () => {
    const { ask } = createGateway()
    const s3 = ask(alice)
    await s3('PUT', '/shared', '', { 'x-amz-acl': 'public-read' })
    await s3('PUT', '/shared/x', 'body', { 'x-amz-acl': 'public-read' })
    expect(await rights(ask(undefined))).toBe('lvr')
    await s3('PUT', '/shared?publicAccessBlock', block({ IgnorePublicAcls: true }))
    expect(await rights(ask(undefined))).toBe('')
    expect((await s3('GET', '/shared?policyStatus')).text).toContain('<IsPublic>false</IsPublic>')
    await s3('PUT', '/shared?publicAccessBlock', block({ BlockPublicAcls: true, BlockPublicPolicy: true }))
    for (const path of ['/shared?acl', '/shared/x?acl', '/shared/y'])
      expect((await s3('PUT', path, '', { 'x-amz-acl': 'public-read' })).code).toBe('AccessDenied')
    const open = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::shared/*' }
    expect((await s3('PUT', '/shared?policy', policyOf(open))).code).toBe('AccessDenied')
    await s3('DELETE', '/shared?publicAccessBlock')
    await s3('PUT', '/shared?acl', '', { 'x-amz-acl': 'private' })
    await s3('PUT', '/shared/x?acl', '', { 'x-amz-acl': 'private' })
    await s3('PUT', '/shared?policy', policyOf(open))
    expect((await ask(undefined)('GET', '/shared/x')).text).toBe('body')
    expect((await s3('GET', '/shared?policyStatus')).text).toContain('<IsPublic>true</IsPublic>')
    await s3('PUT', '/shared?publicAccessBlock', block({ RestrictPublicBuckets: true }))
    expect((await ask(undefined)('GET', '/shared/x')).code).toBe('AccessDenied')
    expect((await s3('GET', '/shared/x')).text).toBe('body')
  })
})

describe('policies of buckets', () => {
  it('let others in by name, action, resource and condition, and nobody else', async () => {
    const { ask } = createGateway({ ownership: 'BucketOwnerEnforced' })
    const s3 = ask(alice)
    await s3('PUT', '/shared')
    await s3('PUT', '/shared/x', 'body', { 'x-amz-tagging': 'for=bob' })
    await s3('PUT', '/shared/y', 'body')
    const allow = {
      Effect: 'Allow',
      Principal: { AWS: [`arn:aws:iam::${bob.id}:root`] },
      Action: ['s3:GetObject', 's3:List*'],
      Resource: ['arn:aws:s3:::shared', 'arn:aws:s3:::shared/*'],
    }
    const tagged = { ...allow, Condition: { StringEquals: { 's3:ExistingObjectTag/for': 'bob' } } }
    expect((await s3('PUT', '/shared?policy', policyOf(tagged))).status).toBe(204)
    expect((await ask(bob)('GET', '/shared/x')).text).toBe('body')
    expect((await ask(bob)('GET', '/shared/y')).code).toBe('AccessDenied')
    expect((await ask(bob)('PUT', '/shared/x', 'other')).code).toBe('AccessDenied')
    expect((await ask(undefined)('GET', '/shared/x')).code).toBe('AccessDenied')
    const deny = { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: 'arn:aws:s3:::shared/x' }
    await s3('PUT', '/shared?policy', policyOf(allow, deny))
    expect((await ask(bob)('GET', '/shared/y')).text).toBe('body')
    // a denial wins, for the owner as well, who can mend the policy
    expect((await ask(bob)('GET', '/shared/x')).code).toBe('AccessDenied')
    expect((await s3('GET', '/shared/x')).code).toBe('AccessDenied')
    await s3('PUT', '/shared?policy', policyOf({ ...deny, Resource: 'arn:aws:s3:::shared' }))
    expect((await s3('GET', '/shared?list-type=2')).code).toBe('AccessDenied')
    expect((await s3('DELETE', '/shared?policy')).status).toBe(204)
    expect((await s3('GET', '/shared?list-type=2')).status).toBe(200)
    expect((await s3('GET', '/shared?policy')).code).toBe('NoSuchBucketPolicy')
  })

  it('let nobody in by a version whom they let in by the object only', async () => {
    const { ask } = createGateway()
    const s3 = ask(alice)
    await s3('PUT', '/shared')
    await s3('PUT', '/shared?versioning', '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>')
    const old = (await s3('PUT', '/shared/x', 'old')).headers.get('x-amz-version-id')
    await s3('PUT', '/shared/x', 'new')
    const allow = (Action: string) => ({
      Effect: 'Allow',
      Principal: { AWS: bob.id },
      Action,
      Resource: 'arn:aws:s3:::shared/*',
    })
    await s3('PUT', '/shared?policy', policyOf(allow('s3:GetObject')))
    expect((await ask(bob)('GET', '/shared/x')).text).toBe('new')
    expect((await ask(bob)('GET', `/shared/x?versionId=${old}`)).code).toBe('AccessDenied')
    await s3('PUT', '/shared?policy', policyOf(allow('s3:GetObjectVersion')))
    expect((await ask(bob)('GET', `/shared/x?versionId=${old}`)).text).toBe('old')
    // who may write may not remove versions for good
    await s3('PUT', '/shared?policy', policyOf(allow('s3:DeleteObject')))
    expect((await ask(bob)('DELETE', `/shared/x?versionId=${old}`)).code).toBe('AccessDenied')
    expect((await ask(bob)('DELETE', '/shared/x')).status).toBe(204)
  })
})

describe('conditions of policies', () => {
  it('see where a request comes from, and are refused where that is not known', async () => {
    const allow = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::shared/*' }
    const near = policyOf({ ...allow, Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } })
    const blind = createGateway()
    await blind.ask(alice)('PUT', '/shared')
    expect((await blind.ask(alice)('PUT', '/shared?policy', near)).code).toBe('MalformedPolicy')
    let address = '10.2.3.4'
    const { ask } = createGateway({ addressOf: () => address })
    await ask(alice)('PUT', '/shared')
    await ask(alice)('PUT', '/shared/x', 'body')
    expect((await ask(alice)('PUT', '/shared?policy', near)).status).toBe(204)
    expect((await ask(undefined)('GET', '/shared/x')).text).toBe('body')
    address = '11.2.3.4'
    expect((await ask(undefined)('GET', '/shared/x')).code).toBe('AccessDenied')
  })

  it('see what documents ask for as they see headers', async () => {
    const { ask } = createGateway()
    const s3 = ask(alice)
    await s3('PUT', '/shared', '', { 'x-amz-bucket-object-lock-enabled': 'true' })
    await s3('PUT', '/shared/x', 'body')
    const deny = (Action: string, Condition: object) => ({
      Effect: 'Deny',
      Principal: '*',
      Action,
      Resource: 'arn:aws:s3:::shared/*',
      Condition,
    })
    const policy = policyOf(
      deny('s3:PutObject*', { StringEquals: { 's3:RequestObjectTag/secret': 'no' } }),
      deny('s3:PutObjectRetention', { StringEquals: { 's3:object-lock-mode': 'COMPLIANCE' } }),
      deny('s3:PutObjectLegalHold', { StringEquals: { 's3:object-lock-legal-hold': 'ON' } }),
    )
    expect((await s3('PUT', '/shared?policy', policy)).status).toBe(204)
    const tagging = (value: string) =>
      `<Tagging><TagSet><Tag><Key>secret</Key><Value>${value}</Value></Tag></TagSet></Tagging>`
    expect((await s3('PUT', '/shared/y', '', { 'x-amz-tagging': 'secret=no' })).code).toBe('AccessDenied')
    expect((await s3('PUT', '/shared/x?tagging', tagging('no'))).code).toBe('AccessDenied')
    expect((await s3('PUT', '/shared/x?tagging', tagging('yes'))).status).toBe(200)
    const retention = (mode: string) =>
      `<Retention><Mode>${mode}</Mode><RetainUntilDate>2027-01-01T00:00:00Z</RetainUntilDate></Retention>`
    expect((await s3('PUT', '/shared/x?retention', retention('COMPLIANCE'))).code).toBe('AccessDenied')
    expect((await s3('PUT', '/shared/x?retention', retention('GOVERNANCE'))).status).toBe(200)
    const hold = (status: string) => `<LegalHold><Status>${status}</Status></LegalHold>`
    expect((await s3('PUT', '/shared/x?legal-hold', hold('ON'))).code).toBe('AccessDenied')
    expect((await s3('PUT', '/shared/x?legal-hold', hold('OFF'))).status).toBe(200)
  })
})

describe('a client that says whose a bucket should be', () => {
  it('is refused where it is another, and served where it is so', async () => {
    const { ask } = createGateway()
    await ask(alice)('PUT', '/shared')
    for (const [method, path] of [
      ['GET', '/shared'],
      ['PUT', '/shared/x'],
      ['GET', '/shared?acl'],
    ] as const) {
      const as = (id: string) => ask(alice)(method, path, '', { 'x-amz-expected-bucket-owner': id })
      expect((await as(bob.id)).code).toBe('AccessDenied')
      expect((await as(alice.id)).status).toBe(200)
    }
  })
})

describe('random requests of nobody', () => {
  it('change nothing in a private bucket', async () => {
    const { ask } = createGateway()
    await ask(alice)('PUT', '/shared')
    await ask(alice)('PUT', '/shared/x', 'body')
    const subs = [
      '',
      '?acl',
      '?tagging',
      '?retention',
      '?legal-hold',
      '?uploads',
      '?versionId=null',
      '?attributes',
      '?policy',
    ]
    const more = [
      '?versioning',
      '?cors',
      '?publicAccessBlock',
      '?ownershipControls',
      '?object-lock',
      '?delete',
      '?versions',
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE'),
        fc.constantFrom('/shared', '/shared/', '/shared/x', '/shared/y', '//x'),
        fc.constantFrom(...subs, ...more),
        fc.constantFrom({}, { 'x-amz-acl': 'public-read' }, { 'x-amz-copy-source': 'shared/x' }),
        async (method, path, sub, headers) => {
          const { status } = await ask(undefined)(method, path + sub, '', headers)
          expect(status).toBeGreaterThanOrEqual(400)
        },
      ),
    )
    expect((await ask(alice)('GET', '/shared/x')).text).toBe('body')
    expect(elementsOf((await ask(alice)('GET', '/shared?list-type=2')).text, 'Key')).toEqual(['x'])
  })
})
