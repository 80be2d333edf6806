import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readForm } from '../../src/s3/form.ts'
import { checkFormPolicy } from '../../src/s3/form-policy.ts'
import { type Answer, alice, createGateway, START_MS } from './gateway-client.ts'

const BOUNDARY = 'edge'
const encode = (text: string) => new TextEncoder().encode(text)

/** The body of a form, as browsers write it. */
function formBody(
  fields: readonly (readonly [string, string])[],
  file: Uint8Array,
  fileName = 'photo.jpg',
): Uint8Array {
  const head = fields.map(
    ([name, value]) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const last = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${fileName}"\r\nContent-Type: image/jpeg\r\n\r\n`
  return Buffer.concat([encode(head.join('') + last), file, encode(`\r\n--${BOUNDARY}--\r\n`)])
}

async function* pieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0
  for (const cut of cuts) {
    if (at >= bytes.length) return
    yield bytes.subarray(at, at + cut)
    at += cut
  }
  if (at < bytes.length) yield bytes.subarray(at)
}

async function gather(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

const TYPE = `multipart/form-data; boundary=${BOUNDARY}`
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: { code: string }) => error.code,
  )

describe('a form', () => {
  it('has the same fields and file however its body is cut', async () => {
    // bytes of delimiters, so that beginnings of them are everywhere
    const likeDelimiters = fc.array(fc.constantFrom(13, 10, 45, 101, 100, 103, 0), { maxLength: 60 })
    const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 400 })
    await fc.assert(
      fc.asyncProperty(likeDelimiters, cuts, fc.string({ maxLength: 20 }), async (content, sizes, value) => {
        const file = Uint8Array.from(content)
        fc.pre(!Buffer.from(file).includes(`\r\n--${BOUNDARY}`) && !value.includes('\r'))
        const body = formBody(
          [
            ['Key', 'k'],
            ['note', value],
          ],
          file,
        )
        const form = await readForm(pieces(body, sizes), TYPE)
        expect([...form.fields]).toEqual([
          ['key', 'k'],
          ['note', value.toWellFormed()],
        ])
        expect(form.fileName).toBe('photo.jpg')
        expect(Buffer.compare(await gather(form.file), file)).toBe(0)
      }),
    )
  })

  it('is refused when it is broken or too large', async () => {
    const read = (text: string, type = TYPE) =>
      codeOf(readForm(pieces(encode(text), []), type).then(({ file }) => gather(file)))
    const field = (name: string, value: string) =>
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
    const file = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"\r\n\r\n`
    expect(await read('', 'text/plain')).toBe('MalformedPOSTRequest')
    expect(await read('')).toBe('MalformedPOSTRequest')
    expect(await read(`${field('key', 'k')}--${BOUNDARY}--\r\n`)).toBe('MalformedPOSTRequest')
    expect(await read(`${field('key', 'k')}--${BOUNDARY}--\r\n\r\n`)).toBe('InvalidArgument')
    expect(await read(`${field('key', 'k')}${file}cut off`)).toBe('MalformedPOSTRequest')
    expect(await read(`${field('key', 'k')}${field('KEY', 'l')}${file}\r\n--${BOUNDARY}`)).toBe('MalformedPOSTRequest')
    expect(await read(`${field('key', 'k'.repeat(21 * 1024))}${file}`)).toBe('EntityTooLarge')
    expect(await read(`${field('a', 'k'.repeat(15 * 1024))}${field('b', 'k'.repeat(15 * 1024))}`)).toBe(
      'EntityTooLarge',
    )
    expect(await read(Array.from({ length: 102 }, (_, i) => field(`f${i}`, '')).join('') + file)).toBe(
      'MalformedPOSTRequest',
    )
    expect(await read(`--${BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nx\r\n--${BOUNDARY}`)).toBe(
      'MalformedPOSTRequest',
    )
    expect(await read(`--${BOUNDARY}\r\n${'x'.repeat(5000)}`)).toBe('EntityTooLarge')
  })
})

const policyOf = (conditions: unknown, expiration: unknown = '2026-08-01T13:00:00Z') =>
  Buffer.from(JSON.stringify({ expiration, conditions })).toString('base64')

describe('the policy of a form', () => {
  const fields = new Map([
    ['bucket', 'b'],
    ['key', 'user/x'],
    ['policy', '…'],
    ['x-ignore-it', 'y'],
  ])
  const check = (conditions: unknown, expiration?: unknown) => {
    try {
      return checkFormPolicy(policyOf(conditions, expiration), fields, START_MS)
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  const bucket = { bucket: 'b' }

  it('must have a condition for every field, and every condition must hold', () => {
    expect(check([bucket, ['starts-with', '$key', 'user/']])).toMatchObject({ min: 0 })
    expect(check([{ bUcKeT: 'b' }, ['StArTs-With', '$KEY', 'user/']])).toMatchObject({ min: 0 })
    expect(check([bucket, ['eq', '$key', 'user/x'], ['content-length-range', 1, 9]])).toEqual({ min: 1, max: 9 })
    expect(check([bucket])).toBe('AccessDenied')
    expect(check([['starts-with', '$key', '']])).toBe('AccessDenied')
    expect(check([bucket, ['starts-with', '$key', 'other/']])).toBe('AccessDenied')
    expect(check([bucket, ['eq', '$key', 'user/']])).toBe('AccessDenied')
    expect(check([bucket, ['starts-with', '$key', ''], { acl: 'public-read' }])).toBe('AccessDenied')
    expect(check([bucket, ['starts-with', '$key', '']], '2026-08-01T12:00:00Z')).toBe('AccessDenied')
  })

  it('is refused when it is not one', () => {
    const broken: unknown[] = [
      undefined,
      {},
      [{}],
      [{ bucket: 1 }],
      [{ a: 'b', c: 'd' }],
      [['eq', '$key']],
      [['eq', 'key', 'x']],
    ]
    broken.push(
      [['like', '$key', 'x']],
      [['content-length-range', 5, 1]],
      [['content-length-range', 'a', 1]],
      [null],
      ['x'],
    )
    for (const conditions of broken)
      expect([conditions, check(conditions)]).toEqual([conditions, 'InvalidPolicyDocument'])
    for (const expiration of [undefined, 7, 'soon', '2026-08-01 13:00:00'])
      expect(check([bucket, ['starts-with', '$key', '']], expiration ?? null)).toBe('InvalidPolicyDocument')
    expect(() => checkFormPolicy('%%%', fields, START_MS)).toThrow('base64')
  })
})

describe('an upload by form', () => {
  const day = '20260801'
  const date = `${day}T120000Z`
  const signing = (secret: string) =>
    [day, 'here', 's3', 'aws4_request'].reduce<Buffer | string>(
      (key, part) => createHmac('sha256', key).update(part).digest(),
      `AWS4${secret}`,
    )
  const credential = (id: string) => `KEY-${id}/${day}/here/s3/aws4_request`

  /** A form that Alice signed, with conditions for what is signed anyway. */
  function signed(
    conditions: readonly unknown[],
    fields: readonly (readonly [string, string])[],
    secret = `secret of ${alice.id}`,
  ) {
    const own = [
      ['x-amz-algorithm', 'AWS4-HMAC-SHA256'],
      ['x-amz-credential', credential(alice.id)],
      ['x-amz-date', date],
    ] as const
    const policy = policyOf([...conditions, ...own.map(([name, value]) => ({ [name]: value }))])
    const signature = createHmac('sha256', signing(secret)).update(policy).digest('hex')
    return [...fields, ...own, ['policy', policy] as const, ['x-amz-signature', signature] as const]
  }

  async function setup(more: Parameters<typeof createGateway>[0] = {}) {
    const { ask, send, held } = createGateway(more)
    await ask(alice)('PUT', '/forms')
    const post = (
      fields: readonly (readonly [string, string])[],
      file = 'a file',
      fileName?: string,
    ): Promise<Answer> =>
      send(
        new Request('http://s3.test/forms', {
          method: 'POST',
          headers: { 'content-type': TYPE },
          body: formBody(fields, encode(file), fileName) as BodyInit,
        }),
      )
    return { s3: ask(alice), ask, post, held }
  }
  const conditions = [{ bucket: 'forms' }, ['starts-with', '$key', 'in/'], ['starts-with', '$Content-Type', 'image/']]
  const fields = [
    ['key', 'in/$' + '{filename}'],
    ['Content-Type', 'image/jpeg'],
  ] as const

  it('stores the file under its name with the headers that the form gives', async () => {
    const { s3, post } = await setup()
    const more = [...conditions, { 'x-amz-meta-color': 'blau ü' }, { success_action_status: '201' }]
    const given = [...fields, ['x-amz-meta-color', 'blau ü'], ['success_action_status', '201']] as const
    const { status, text } = await post(signed(more, given), 'bytes', 'C:\\photos\\sea.jpg')
    expect([status, /<Key>(.*)<\/Key>/.exec(text)?.[1]]).toEqual([201, 'in/sea.jpg'])
    const got = await s3('GET', '/forms/in/sea.jpg')
    expect([got.text, got.headers.get('content-type')]).toEqual(['bytes', 'image/jpeg'])
    expect(Buffer.from(got.headers.get('x-amz-meta-color')!, 'latin1').toString()).toBe('blau ü')
  })

  it('sends the browser on', async () => {
    const { post } = await setup()
    const target = 'https://example.org/done?from=form'
    const redirect = [...conditions, { success_action_redirect: target }]
    const { status, headers } = await post(signed(redirect, [...fields, ['success_action_redirect', target]]))
    expect([status, new URL(headers.get('location')!).searchParams.get('key')]).toEqual([303, 'in/photo.jpg'])
    const script = 'javascript:alert(1)'
    const bad = [...conditions, { success_action_redirect: script }]
    expect((await post(signed(bad, [...fields, ['success_action_redirect', script]]))).status).toBe(204)
  })

  it('is refused when it is not signed, not rightly, or by Version 2, and stores nothing', async () => {
    const { post, s3, held } = await setup()
    expect((await post(fields)).code).toBe('AccessDenied')
    expect((await post(signed(conditions, fields, 'wrong'))).code).toBe('SignatureDoesNotMatch')
    const replaced = (name: string, value: string) =>
      signed(conditions, fields).map(([field, old]) => [field, field === name ? value : old] as const)
    expect((await post(replaced('x-amz-credential', credential('nobody')))).code).toBe('InvalidAccessKeyId')
    expect((await post(replaced('x-amz-algorithm', 'AWS3'))).code).toBe('InvalidArgument')
    expect((await post(replaced('policy', policyOf([])))).code).toBe('SignatureDoesNotMatch')
    expect((await post(replaced('key', 'out/x'))).code).toBe('AccessDenied')
    const unsigned = signed(conditions, fields).filter(([name]) => name !== 'x-amz-signature')
    expect((await post(unsigned)).code).toBe('InvalidArgument')
    expect((await post([...unsigned, ['AWSAccessKeyId', 'x'], ['signature', 'y']])).code).toBe('InvalidRequest')
    expect((await post(fields.slice(1))).code).toBe('InvalidArgument')
    expect((await s3('GET', '/forms?list-type=2')).text).toContain('<KeyCount>0</KeyCount>')
    expect(held()).toEqual([])
  })

  it('is taken with Signature Version 2 where the gateway takes it, and its policy judged all the same', async () => {
    const { post, s3 } = await setup({ formSignatureV2: true })
    const policy = policyOf(conditions)
    const sign = (secret: string) => createHmac('sha1', secret).update(policy).digest('base64')
    const form = (signature: string, id = `KEY-${alice.id}`, own: readonly (readonly [string, string])[] = fields) =>
      post([...own, ['AWSAccessKeyId', id], ['policy', policy], ['signature', signature]])
    const right = sign(`secret of ${alice.id}`)
    expect((await form(right)).status).toBe(204)
    expect((await s3('GET', '/forms/in/photo.jpg')).text).toBe('a file')
    expect((await form(sign('wrong'))).code).toBe('SignatureDoesNotMatch')
    expect((await form(right, 'KEY-nobody')).code).toBe('InvalidAccessKeyId')
    expect((await form(right, undefined, [['key', 'out/x'], ...fields.slice(1)])).code).toBe('AccessDenied')
    expect((await form(right, undefined, [...fields, ['acl', 'public-read']])).code).toBe('AccessDenied')
    const unsigned = [...fields, ['AWSAccessKeyId', `KEY-${alice.id}`], ['policy', policy]] as const
    expect((await post(unsigned)).code).toBe('InvalidArgument')
    // Version 4 is judged as such, also when a signature of Version 2 stands beside it.
    expect((await post(signed(conditions, fields))).status).toBe(204)
    expect((await post([...signed(conditions, fields, 'wrong'), ['signature', right]])).code).toBe('InvalidRequest')
  })

  it('ends when the file is larger or smaller than the policy allows', async () => {
    const { post, s3 } = await setup()
    const sized = signed([...conditions, ['content-length-range', 3, 6]], fields)
    expect((await post(sized, '123')).status).toBe(204)
    expect((await post(sized, '123456')).status).toBe(204)
    expect((await post(sized, '12')).code).toBe('EntityTooSmall')
    expect((await post(sized, '1234567')).code).toBe('EntityTooLarge')
    expect((await s3('GET', '/forms/in/photo.jpg')).text).toBe('123456')
  })

  it('without a policy writes into a bucket that anybody may write into, and into no other', async () => {
    const { post, s3 } = await setup()
    expect((await post([['key', 'x']])).code).toBe('AccessDenied')
    await s3('PUT', '/forms?acl', '', { 'x-amz-acl': 'public-read-write' })
    expect((await post([['key', 'x']])).status).toBe(204)
    expect((await s3('GET', '/forms/x')).text).toBe('a file')
  })

  it('checks the checksum that it gives', async () => {
    const { post } = await setup()
    const sum = (value: string) => signed(conditions, [...fields, ['x-amz-checksum-crc32', value]])
    expect((await post(sum('AAAAAA=='))).code).toBe('BadDigest')
    expect((await post(sum('AAAAAA=='), '')).status).toBe(204)
  })
})
