/** Bodies of HTML forms, `multipart/form-data` (RFC 7578): small fields, then one file that is read as it comes. */
import { concat } from '../content/bytes.ts'
import { S3Failure } from './failure.ts'

/** Longest text of all fields together, and of the head of one, as at AWS. */
const MAX_FIELDS_BYTES = 20 * 1024
const MAX_HEAD_BYTES = 4096
const MAX_FIELDS = 100

/** A form up to its file. */
export interface Form {
  /** by name in small letters */
  readonly fields: ReadonlyMap<string, string>
  /** the name that the file has with the client, without folders */
  readonly fileName: string
  /** the bytes of the file; what follows it is not read */
  readonly file: AsyncGenerator<Uint8Array>
}

const malformed = (message: string) => new S3Failure('MalformedPOSTRequest', message)
const bytes = (text: string) => new TextEncoder().encode(text)

/** Reads a form up to its file. @throws S3Failure `MalformedPOSTRequest`, `InvalidArgument`, `EntityTooLarge` */
export async function readForm(body: AsyncIterable<Uint8Array>, contentType: string): Promise<Form> {
  const match = /^multipart\/form-data\s*;.*?boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType)
  if (match === null) throw malformed('The body is multipart/form-data with a boundary')
  const input = new Splitter(body)
  const boundary = `--${match[1] ?? match[2]}`
  await input.text(bytes(boundary), MAX_HEAD_BYTES)
  const delimiter = bytes(`\r\n${boundary}`)
  const fields = new Map<string, string>()
  let room = MAX_FIELDS_BYTES
  for (;;) {
    const head = await input.text(bytes('\r\n\r\n'), MAX_HEAD_BYTES)
    if (head.startsWith('--')) throw new S3Failure('InvalidArgument', 'The form has no file')
    const disposition = /^content-disposition:\s*form-data;(.*)$/im.exec(head)?.[1] ?? ''
    const name = parameter(disposition, 'name')?.toLowerCase()
    if (name === undefined) throw malformed('A part has no name')
    if (name === 'file') {
      const fileName = (parameter(disposition, 'filename') ?? '').replace(/^.*[\\/]/, '')
      return { fields, fileName, file: input.until(delimiter) }
    }
    const value = await input.text(delimiter, room)
    room -= value.length
    if (fields.size >= MAX_FIELDS) throw malformed(`At most ${MAX_FIELDS} fields`)
    if (fields.has(name)) throw malformed(`The field ${name} is there twice`)
    fields.set(name, value)
  }
}

function parameter(disposition: string, name: string): string | undefined {
  const match = new RegExp(`;?\\s*\\b${name}="((?:[^"\\\\]|\\\\.)*)"`, 'i').exec(disposition)
  return match?.[1]?.replace(/\\(["\\])/g, '$1')
}

/** Cuts a stream at delimiters. */
class Splitter {
  readonly #source: AsyncIterator<Uint8Array>
  #held: Uint8Array = new Uint8Array(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** What comes before `delimiter`, which is taken off, too. @throws S3Failure `MalformedPOSTRequest` when the body ends before */
  async *until(delimiter: Uint8Array): AsyncGenerator<Uint8Array> {
    for (;;) {
      const end = find(this.#held, delimiter)
      if (end >= 0) {
        const rest = this.#held.subarray(0, end)
        this.#held = this.#held.subarray(end + delimiter.length)
        if (rest.length > 0) yield rest
        return
      }
      // the last bytes may be the beginning of a delimiter
      const safe = this.#held.length - delimiter.length + 1
      if (safe > 0) {
        yield this.#held.subarray(0, safe)
        this.#held = this.#held.subarray(safe)
      }
      const next = await this.#source.next()
      if (next.done) throw malformed('The body ends inside a part')
      this.#held = concat([this.#held, next.value])
    }
  }

  /** The same as text, of `most` bytes. @throws S3Failure `MalformedPOSTRequest`, `EntityTooLarge` */
  async text(delimiter: Uint8Array, most: number): Promise<string> {
    const parts: Uint8Array[] = []
    let size = 0
    for await (const part of this.until(delimiter)) {
      size += part.length
      if (size > most) throw new S3Failure('EntityTooLarge', 'The fields of the form are too long')
      parts.push(part)
    }
    return new TextDecoder().decode(concat([new Uint8Array(0), ...parts]))
  }
}

function find(haystack: Uint8Array, needle: Uint8Array): number {
  for (let at = haystack.indexOf(needle[0]!); at >= 0; at = haystack.indexOf(needle[0]!, at + 1)) {
    if (at + needle.length > haystack.length) return -1
    let same = 1
    while (same < needle.length && haystack[at + same] === needle[same]) same++
    if (same === needle.length) return at
  }
  return -1
}
