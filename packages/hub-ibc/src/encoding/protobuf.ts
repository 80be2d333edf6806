/**
 * Protocol Buffers (proto3) by description: a message is an object of numbered fields, and its codec follows from it.
 *
 * Why our own: IBC stores, hashes and signs protobuf bytes, so the codec is part of consensus. This one has exactly one
 * encoding for a value (fields in ascending order, defaults left out, the gogoproto `nullable = false` messages always
 * written, see {@link embed}), and its decoder refuses what other encoders would never write: non-minimal varints,
 * unknown fields, wrong wire types, repeated singular fields, bytes behind the end. Field numbers are those of ibc-go's
 * `proto/` folder.
 */
import { HubError } from '../errors.ts'
import { EMPTY_BYTES } from './bytes.ts'
import { malformed, ProtoReader, ProtoWriter } from './protobuf-wire.ts'

/** How one numbered field is written and read. */
export interface Field<T> {
  readonly number: number
  readonly wireType: number
  readonly repeated: boolean
  /** True where `initial` makes an object that may be changed later. */
  readonly fresh: boolean
  readonly initial: () => T
  readonly write: (writer: ProtoWriter, value: T) => void
  readonly read: (reader: ProtoReader, previous: T) => T
}

/** Encodes and decodes one message type. */
export interface Codec<T> {
  /** The canonical bytes; fields left out have their default. */
  encode(value: Partial<T>): Uint8Array
  /** The value of canonical bytes. Throws `HUB_DECODE`. */
  decode(bytes: Uint8Array): T
  /** A full value: `partial` over the defaults. */
  create(partial?: Partial<T>): T
  /** Appends the canonical bytes to a writer; codecs that lack it are encoded and copied. */
  readonly writeTo?: (writer: ProtoWriter, value: Partial<T>) => void
}

function writeMessage<T>(writer: ProtoWriter, number: number, codec: Codec<T>, value: T): void {
  writer.tag(number, 2)
  if (codec.writeTo) writer.nested(() => codec.writeTo!(writer, value as Partial<T>))
  else writer.bytes(codec.encode(value as Partial<T>))
}

/** The value type of a {@link Codec}. */
export type MessageOf<C> = C extends Codec<infer T> ? T : never

type Shape = Record<string, Field<never>>
type Value<S> = { [K in keyof S]: S[K] extends Field<infer T> ? T : never }

function scalar<T>(
  number: number,
  wireType: number,
  initial: T,
  put: (writer: ProtoWriter, value: T) => void,
  read: (reader: ProtoReader) => T,
  isDefault: (value: T) => boolean = (value) => value === initial,
): Field<T> {
  return {
    number,
    wireType,
    repeated: false,
    fresh: false,
    initial: () => initial,
    write: (writer, value) => {
      if (isDefault(value)) return
      writer.tag(number, wireType)
      put(writer, value)
    },
    read,
  }
}

const U64_LIMIT = 1n << 64n
const I64_LIMIT = 1n << 63n

function checked(value: bigint, low: bigint, high: bigint): bigint {
  if (value < low || value >= high)
    throw new HubError('HUB_INVALID_ARGUMENT', 'number outside its 64-bit field', { value })
  return value
}

export const uint64 = (number: number): Field<bigint> =>
  scalar(
    number,
    0,
    0n,
    (writer, value) => writer.varint(checked(value, 0n, U64_LIMIT)),
    (reader) => reader.varint(),
  )

export const int64 = (number: number): Field<bigint> =>
  scalar(
    number,
    0,
    0n,
    (writer, value) => writer.varint(checked(value, -I64_LIMIT, I64_LIMIT)),
    (reader) => BigInt.asIntN(64, reader.varint()),
  )

export const sfixed64 = (number: number): Field<bigint> =>
  scalar(
    number,
    1,
    0n,
    (writer, value) => writer.fixed64(checked(value, -I64_LIMIT, I64_LIMIT)),
    (reader) => BigInt.asIntN(64, reader.fixed64()),
  )

/** `uint32`, `int32` and enumerations with values of zero and more. */
export const uint32 = (number: number): Field<number> =>
  scalar(
    number,
    0,
    0,
    (writer, value) => {
      if (!Number.isSafeInteger(value) || value < 0 || value > 0xffff_ffff) {
        throw new HubError('HUB_INVALID_ARGUMENT', 'number outside its 32-bit field', { value })
      }
      writer.uint(value)
    },
    (reader) => {
      const value = reader.uint()
      if (value > 0xffff_ffff) throw malformed('32-bit number too large', { value })
      return value
    },
  )

/** `int32`, where negative values occur (nanoseconds of a duration). */
export const int32 = (number: number): Field<number> =>
  scalar(
    number,
    0,
    0,
    (writer, value) => writer.varint(BigInt(value)),
    (reader) => {
      const value = BigInt.asIntN(64, reader.varint())
      if (value < -0x8000_0000n || value > 0x7fff_ffffn) throw malformed('32-bit number out of range')
      return Number(value)
    },
  )

export const bool = (number: number): Field<boolean> =>
  scalar(
    number,
    0,
    false,
    (writer, value) => writer.uint(value ? 1 : 0),
    (reader) => {
      const value = reader.uint()
      if (value > 1) throw malformed('boolean is not 0 or 1', { value })
      return value === 1
    },
  )

export const bytes = (number: number): Field<Uint8Array> =>
  scalar(
    number,
    2,
    EMPTY_BYTES,
    (writer, value) => writer.bytes(value),
    (reader) => reader.bytes(),
    (value) => value.length === 0,
  )

export const string = (number: number): Field<string> =>
  scalar(
    number,
    2,
    '',
    (writer, value) => writer.text(value),
    (reader) => reader.text(),
  )

/** A message that may be absent. */
export const optional = <T>(number: number, codec: Codec<T>): Field<T | undefined> => ({
  number,
  wireType: 2,
  repeated: false,
  fresh: false,
  initial: () => undefined,
  write: (writer, value) => {
    if (value !== undefined) writeMessage(writer, number, codec, value)
  },
  read: (reader) => codec.decode(reader.bytes()),
})

/** A message that gogoproto marks `nullable = false`: written even when all its fields are defaults. */
export const embed = <T>(number: number, codec: Codec<T>): Field<T> => ({
  number,
  wireType: 2,
  repeated: false,
  fresh: true,
  initial: () => codec.create(),
  write: (writer, value) => writeMessage(writer, number, codec, value),
  read: (reader) => codec.decode(reader.bytes()),
})

/** A field that occurs once for each element; `write` appends an element with its tag. */
const list = <T>(
  number: number,
  write: (writer: ProtoWriter, element: T) => void,
  read: (reader: ProtoReader) => T,
): Field<T[]> => ({
  number,
  wireType: 2,
  repeated: true,
  fresh: true,
  initial: () => [],
  write: (writer, elements) => {
    for (const element of elements) write(writer, element)
  },
  read: (reader, previous) => {
    previous.push(read(reader))
    return previous
  },
})

/** A repeated message. */
export const repeated = <T>(number: number, codec: Codec<T>): Field<T[]> =>
  list(
    number,
    (writer, element) => writeMessage(writer, number, codec, element),
    (reader) => codec.decode(reader.bytes()),
  )

export const repeatedBytes = (number: number): Field<Uint8Array[]> =>
  list(
    number,
    (writer, element) => {
      writer.tag(number, 2)
      writer.bytes(element)
    },
    (reader) => reader.bytes(),
  )

export const repeatedString = (number: number): Field<string[]> =>
  list(
    number,
    (writer, element) => {
      writer.tag(number, 2)
      writer.text(element)
    },
    (reader) => reader.text(),
  )

/** Packed repeated numbers of zero and more (`repeated int32`, enumerations, `uint64` below 2^53). */
export const packedUint = (number: number): Field<number[]> => ({
  number,
  wireType: 2,
  repeated: false,
  fresh: true,
  initial: () => [],
  write: (writer, values) => {
    if (values.length === 0) return
    const inner = new ProtoWriter()
    for (const value of values) inner.uint(value)
    writer.tag(number, 2)
    writer.bytes(inner.finish())
  },
  read: (reader) => {
    const inner = new ProtoReader(reader.bytes())
    const values: number[] = []
    while (!inner.done) values.push(inner.uint())
    return values
  },
})

/** The codec of a message with the given fields. */
export function message<S extends Record<string, Field<any>>>(shape: S): Codec<Value<S>> {
  const entries = Object.entries(shape as unknown as Shape).sort((a, b) => a[1].number - b[1].number)
  // Every value begins as a copy of this, so that all have one shape; messages and lists are made for each.
  const blank = Object.fromEntries(entries.map(([name, field]) => [name, field.fresh ? undefined : field.initial()]))
  const create = (partial: object = {}): Value<S> => {
    const value: Record<string, unknown> = { ...blank }
    for (const [name, field] of entries) {
      const given = (partial as Record<string, unknown>)[name]
      if (given !== undefined) value[name] = given
      else if (field.fresh) value[name] = field.initial()
    }
    return value as Value<S>
  }
  const writeTo = (writer: ProtoWriter, value: object) => {
    for (const [name, field] of entries) {
      const given = (value as Record<string, never>)[name]
      field.write(writer, given === undefined ? field.initial() : given)
    }
  }
  return {
    create,
    writeTo,
    encode(value) {
      const writer = new ProtoWriter()
      writeTo(writer, value)
      return writer.finish()
    },
    decode(source) {
      const reader = new ProtoReader(source)
      const value: Record<string, unknown> = { ...blank }
      const given: boolean[] = []
      let next = 0
      while (!reader.done) {
        const tag = reader.uint()
        const number = Math.floor(tag / 8)
        // Fields nearly always come in ascending order, so the one that is looked for is the last one or soon after it.
        while (next < entries.length && entries[next]![1].number < number) next++
        const at =
          entries[next]?.[1].number === number ? next : entries.findIndex(([, other]) => other.number === number)
        if (at < 0) throw malformed('unknown field', { number })
        const [name, field] = entries[at]!
        if (tag % 8 !== field.wireType) throw malformed('wrong wire type', { field: name, wireType: tag % 8 })
        if (field.repeated) value[name] = field.read(reader, (given[at] ? value[name] : field.initial()) as never)
        else if (given[at]) throw malformed('singular field given twice', { field: name })
        else value[name] = field.read(reader, undefined as never)
        given[at] = true
      }
      for (let at = 0; at < entries.length; at++) {
        const [name, field] = entries[at]!
        if (field.fresh && !given[at]) value[name] = field.initial()
      }
      return value as Value<S>
    },
  }
}

/**
 * `codec`, remembering what each byte string (by identity) decoded to. For values out of a store, which hands out the same object
 * until it is written anew; decoded values must not be changed.
 */
export function remembering<T extends object>(codec: Codec<T>): Codec<T> {
  const known = new WeakMap<Uint8Array, T>()
  return {
    ...codec,
    decode(source) {
      let value = known.get(source)
      if (!value) {
        value = codec.decode(source)
        known.set(source, value)
      }
      return value
    },
  }
}
