import { describe, expect, it } from 'vitest'
import { type Ask, alice, bob, createGateway, START_MS } from './gateway-client.ts'

const HOUR_MS = 3_600_000
const iso = (ms: number) => new Date(ms).toISOString()
const retention = (mode: string, untilMs: number) =>
  `<Retention><Mode>${mode}</Mode><RetainUntilDate>${iso(untilMs)}</RetainUntilDate></Retention>`
const rule = (mode: string, span: string) =>
  `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>${mode}</Mode>${span}</DefaultRetention></Rule></ObjectLockConfiguration>`
const versioning = (status: string) => `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`
const bypass = { 'x-amz-bypass-governance-retention': 'true' }

async function setup() {
  const gateway = createGateway()
  const s3 = gateway.ask(alice)
  await s3('PUT', '/locked', '', { 'x-amz-bucket-object-lock-enabled': 'true' })
  const put = async (headers: Record<string, string> = {}) => {
    const answer = await s3('PUT', '/locked/x', 'body', headers)
    return `/locked/x?versionId=${answer.headers.get('x-amz-version-id')}`
  }
  return { ...gateway, s3, put }
}
const remove = async (s3: Ask, path: string, headers = {}) => (await s3('DELETE', path, '', headers)).status
const lock = (mode: string, untilMs: number) => ({
  'x-amz-object-lock-mode': mode,
  'x-amz-object-lock-retain-until-date': iso(untilMs),
})

describe('a retained version', () => {
  it('stays until its time, under compliance also for its owner', async () => {
    const { s3, put, clock } = await setup()
    const version = await put(lock('COMPLIANCE', START_MS + HOUR_MS))
    expect(await remove(s3, version)).toBe(403)
    expect(await remove(s3, version, bypass)).toBe(403)
    // a marker hides it, and removes nothing
    expect(await remove(s3, '/locked/x')).toBe(204)
    expect((await s3('GET', version)).text).toBe('body')
    const many = await s3(
      'POST',
      '/locked?delete',
      `<Delete><Object><Key>x</Key><VersionId>${version.split('=')[1]}</VersionId></Object></Delete>`,
      bypass,
    )
    expect(many.text).toContain('<Code>AccessDenied</Code>')
    clock.ms += HOUR_MS
    expect(await remove(s3, version)).toBe(204)
    expect((await s3('GET', version)).status).toBe(404)
  })

  it('can be removed under governance by who asks for it and may', async () => {
    const { s3, put, ask } = await setup()
    const version = await put(lock('GOVERNANCE', START_MS + HOUR_MS))
    expect(await remove(s3, version)).toBe(403)
    const allow = {
      Effect: 'Allow',
      Principal: { AWS: bob.id },
      Action: 's3:DeleteObjectVersion',
      Resource: 'arn:aws:s3:::locked/*',
    }
    await s3('PUT', '/locked?policy', JSON.stringify({ Statement: [allow] }))
    expect(await remove(ask(bob), version, bypass)).toBe(403)
    const both = { ...allow, Action: ['s3:DeleteObjectVersion', 's3:BypassGovernanceRetention'] }
    await s3('PUT', '/locked?policy', JSON.stringify({ Statement: [both] }))
    expect(await remove(ask(bob), version)).toBe(403)
    expect(await remove(ask(bob), version, bypass)).toBe(204)
  })

  it.each([
    ['GOVERNANCE', 'GOVERNANCE', 2, {}, 200],
    ['GOVERNANCE', 'GOVERNANCE', 0.5, {}, 403],
    ['GOVERNANCE', 'GOVERNANCE', 0.5, bypass, 200],
    ['GOVERNANCE', 'COMPLIANCE', 2, {}, 403],
    ['GOVERNANCE', 'COMPLIANCE', 2, bypass, 200],
    ['COMPLIANCE', 'COMPLIANCE', 2, {}, 200],
    ['COMPLIANCE', 'COMPLIANCE', 0.5, bypass, 403],
    ['COMPLIANCE', 'GOVERNANCE', 2, bypass, 403],
  ])('from %s to %s of %s hours with %o: %i', async (from, to, hours, headers, status) => {
    const { s3, put } = await setup()
    const path = (await put(lock(from, START_MS + HOUR_MS))).replace('?', '?retention&')
    expect((await s3('PUT', path, retention(to, START_MS + hours * HOUR_MS), headers)).status).toBe(status)
    const { text } = await s3('GET', path)
    expect(text).toContain(status === 200 ? `<Mode>${to}</Mode>` : `<Mode>${from}</Mode>`)
  })

  it('gets the rule of the bucket when it brings none', async () => {
    const { s3, put, clock } = await setup()
    expect((await s3('PUT', '/locked?object-lock', rule('GOVERNANCE', '<Days>2</Days>'))).status).toBe(200)
    const version = await put()
    const { headers } = await s3('HEAD', version)
    expect(headers.get('x-amz-object-lock-retain-until-date')).toBe(iso(START_MS + 48 * HOUR_MS))
    clock.ms += 48 * HOUR_MS - 1
    expect(await remove(s3, version)).toBe(403)
    clock.ms += 1
    expect(await remove(s3, version)).toBe(204)
  })
})

describe('a legal hold', () => {
  it('keeps a version until it is lifted, whatever the time and whoever asks', async () => {
    const { s3, put, clock } = await setup()
    const version = await put({ 'x-amz-object-lock-legal-hold': 'ON' })
    clock.ms += 1e12
    expect(await remove(s3, version, bypass)).toBe(403)
    const path = version.replace('?', '?legal-hold&')
    expect((await s3('GET', path)).text).toContain('<Status>ON</Status>')
    await s3('PUT', path, '<LegalHold><Status>OFF</Status></LegalHold>')
    expect(await remove(s3, version)).toBe(204)
  })
})

describe('locks', () => {
  it('are refused where the bucket has none, and where they are not what they should be', async () => {
    const { s3 } = await setup()
    await s3('PUT', '/plain')
    await s3('PUT', '/plain/x', 'body')
    const until = START_MS + HOUR_MS
    expect((await s3('PUT', '/plain/y', '', lock('GOVERNANCE', until))).code).toBe('InvalidRequest')
    expect((await s3('PUT', '/plain/x?retention', retention('GOVERNANCE', until))).code).toBe('InvalidRequest')
    expect((await s3('PUT', '/plain/x?legal-hold', '<LegalHold><Status>ON</Status></LegalHold>')).code).toBe(
      'InvalidRequest',
    )
    expect((await s3('PUT', '/plain?object-lock', rule('GOVERNANCE', '<Days>1</Days>'))).code).toBe(
      'InvalidBucketState',
    )
    await s3('PUT', '/locked/x', 'body')
    expect((await s3('GET', '/locked/x?retention')).code).toBe('NoSuchObjectLockConfiguration')
    expect((await s3('PUT', '/locked/x?retention', retention('FOREVER', until))).code).toBe('MalformedXML')
    expect((await s3('PUT', '/locked/x?retention', retention('GOVERNANCE', START_MS))).code).toBe('InvalidArgument')
    expect((await s3('PUT', '/locked/y', '', lock('GOVERNANCE', START_MS - 1))).code).toBe('InvalidArgument')
    expect((await s3('PUT', '/locked/y', '', { 'x-amz-object-lock-mode': 'GOVERNANCE' })).code).toBe('InvalidArgument')
    for (const span of ['', '<Days>1</Days><Years>1</Years>'])
      expect((await s3('PUT', '/locked?object-lock', rule('GOVERNANCE', span))).code).toBe('MalformedXML')
    for (const span of ['<Days>0</Days>', '<Years>101</Years>', '<Days>1.5</Days>'])
      expect((await s3('PUT', '/locked?object-lock', rule('GOVERNANCE', span))).code).toBe('InvalidRetentionPeriod')
  })

  it('hold on to the versions of the bucket', async () => {
    const { s3 } = await setup()
    expect((await s3('GET', '/locked?versioning')).text).toContain('<Status>Enabled</Status>')
    expect((await s3('PUT', '/locked?versioning', versioning('Suspended'))).code).toBe('InvalidBucketState')
    await s3('PUT', '/later')
    await s3('PUT', '/later?versioning', versioning('Enabled'))
    expect((await s3('PUT', '/later?object-lock', rule('COMPLIANCE', '<Years>1</Years>'))).status).toBe(200)
    expect((await s3('PUT', '/later?versioning', versioning('Suspended'))).code).toBe('InvalidBucketState')
  })
})

describe('tags', () => {
  it('of objects and buckets are kept, counted, copied and taken away', async () => {
    const { s3 } = await setup()
    await s3('PUT', '/locked/x', 'body', { 'x-amz-tagging': 'bb=1&a=2%263' })
    expect((await s3('HEAD', '/locked/x')).headers.get('x-amz-tagging-count')).toBe('2')
    expect((await s3('GET', '/locked/x?tagging')).text).toContain(
      '<Tag><Key>a</Key><Value>2&#38;3</Value></Tag><Tag><Key>bb</Key><Value>1</Value></Tag>',
    )
    await s3('PUT', '/locked/y', '', { 'x-amz-copy-source': 'locked/x' })
    expect((await s3('HEAD', '/locked/y')).headers.get('x-amz-tagging-count')).toBe('2')
    const tags = (count: number) =>
      `<Tagging><TagSet>${Array.from({ length: count }, (_, i) => `<Tag><Key>${i}</Key><Value/></Tag>`).join('')}</TagSet></Tagging>`
    expect((await s3('PUT', '/locked/x?tagging', tags(11))).code).toBe('InvalidTag')
    expect((await s3('PUT', '/locked/x?tagging', tags(10))).status).toBe(200)
    expect((await s3('PUT', '/locked/x?tagging', tags(2).replace('>1<', '>0<'))).code).toBe('InvalidTag')
    expect((await s3('PUT', '/locked/x?tagging', '<Tagging/>')).code).toBe('MalformedXML')
    await s3('DELETE', '/locked/x?tagging')
    expect((await s3('HEAD', '/locked/x')).headers.get('x-amz-tagging-count')).toBeNull()
    expect((await s3('GET', '/locked?tagging')).code).toBe('NoSuchTagSet')
    expect((await s3('PUT', '/locked?tagging', tags(50))).status).toBe(200)
    expect((await s3('PUT', '/locked?tagging', tags(51))).code).toBe('InvalidTag')
    await s3('DELETE', '/locked?tagging')
    expect((await s3('GET', '/locked?tagging')).code).toBe('NoSuchTagSet')
  })
})
