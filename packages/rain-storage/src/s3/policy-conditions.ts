/** Conditions of policies. Source: AWS IAM User Guide, "IAM JSON policy elements: Condition operators"; keys from "Actions, resources, and condition keys for Amazon S3". */
import { parseTime } from '../content/time.ts'
import { S3Failure } from './failure.ts'
import { glob } from './glob.ts'
import { isInNetwork, parseNetwork } from './ip-network.ts'

/** The value of a key in a request: `undefined` when it has none. Names are in small letters. */
export type ConditionContext = (key: string) => string | undefined

/** `{ operator: { key: value or values } }` */
export type JsonCondition = { readonly [operator: string]: { readonly [key: string]: unknown } }

type Compare = (value: string, wanted: string) => boolean
const number =
  (compare: (a: number, b: number) => boolean): Compare =>
  (value, wanted) =>
    compare(Number(value), Number(wanted))
const date =
  (compare: (a: number, b: number) => boolean): Compare =>
  (value, wanted) =>
    compare(parseTime(value), /^\d+$/.test(wanted) ? Number(wanted) * 1000 : parseTime(wanted))

const OPERATORS: Readonly<Record<string, Compare>> = {
  StringEquals: (value, wanted) => value === wanted,
  StringEqualsIgnoreCase: (value, wanted) => value.toLowerCase() === wanted.toLowerCase(),
  StringLike: (value, wanted) => glob(wanted, value),
  ArnEquals: (value, wanted) => glob(wanted, value),
  ArnLike: (value, wanted) => glob(wanted, value),
  IpAddress: (value, wanted) => {
    const network = parseNetwork(wanted)
    return network !== undefined && isInNetwork(value, network)
  },
  Bool: (value, wanted) => value.toLowerCase() === wanted.toLowerCase(),
  NumericEquals: number((a, b) => a === b),
  NumericLessThan: number((a, b) => a < b),
  NumericLessThanEquals: number((a, b) => a <= b),
  NumericGreaterThan: number((a, b) => a > b),
  NumericGreaterThanEquals: number((a, b) => a >= b),
  DateEquals: date((a, b) => a === b),
  DateLessThan: date((a, b) => a < b),
  DateLessThanEquals: date((a, b) => a <= b),
  DateGreaterThan: date((a, b) => a > b),
  DateGreaterThanEquals: date((a, b) => a >= b),
}

/** True when no value is the wanted one, also when there is no value. */
const NEGATIONS: Readonly<Record<string, string>> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
  NumericNotEquals: 'NumericEquals',
  DateNotEquals: 'DateEquals',
  NotIpAddress: 'IpAddress',
}

/** The address that a request came from: the gateway knows it where its platform says it. */
const SOURCE_IP = 'aws:sourceip'

/** Keys that the gateway can tell the value of. */
const KEYS = [
  'aws:currenttime',
  'aws:referer',
  'aws:securetransport',
  SOURCE_IP,
  'aws:useragent',
  's3:delimiter',
  's3:max-keys',
  's3:prefix',
  's3:versionid',
  's3:x-amz-acl',
  's3:x-amz-content-sha256',
  's3:x-amz-copy-source',
  's3:x-amz-grant-full-control',
  's3:x-amz-grant-read',
  's3:x-amz-grant-read-acp',
  's3:x-amz-grant-write',
  's3:x-amz-grant-write-acp',
  's3:x-amz-metadata-directive',
  's3:x-amz-object-ownership',
  's3:x-amz-server-side-encryption',
  's3:x-amz-server-side-encryption-aws-kms-key-id',
  's3:x-amz-storage-class',
  's3:object-lock-mode',
  's3:object-lock-legal-hold',
  's3:object-lock-retain-until-date',
]
const TAG_KEYS = ['s3:existingobjecttag/', 's3:requestobjecttag/']

const malformed = (message: string) => new S3Failure('MalformedPolicy', message)

/** A test for the conditions of a statement: all must hold. @throws S3Failure `MalformedPolicy` */
export function compileCondition(condition: JsonCondition | undefined): (context: ConditionContext) => boolean {
  if (condition === undefined) return () => true
  if (typeof condition !== 'object' || condition === null || Array.isArray(condition))
    throw malformed('A condition is an object')
  const tests = Object.entries(condition).flatMap(([operator, keys]) => {
    if (typeof keys !== 'object' || keys === null || Array.isArray(keys)) throw malformed('An operator has keys')
    return Object.entries(keys).map(([key, value]) => compileTest(operator, key, value))
  })
  return (context) => tests.every((test) => test(context))
}

function compileTest(operator: string, name: string, value: unknown): (context: ConditionContext) => boolean {
  // names of tags keep their letters
  const slash = name.indexOf('/')
  const key = slash < 0 ? name.toLowerCase() : name.slice(0, slash).toLowerCase() + name.slice(slash)
  if (!KEYS.includes(key) && !TAG_KEYS.some((prefix) => key.startsWith(prefix)))
    throw malformed(`The key ${name} is not known`)
  const wanted = (Array.isArray(value) ? (value as unknown[]) : [value]).map(String)
  const match = /^(?:ForAnyValue:|ForAllValues:)?(\w+?)(IfExists)?$/.exec(operator)
  const bare = match?.[1] ?? ''
  // every key here has one value at most, so "any" and "all" differ only where there is none
  const whenAbsent = match?.[2] !== undefined || operator.startsWith('ForAllValues:')
  if (bare === 'Null') return (context) => (context(key) === undefined) === (wanted[0] === 'true')
  const negated = NEGATIONS[bare]
  const compare = OPERATORS[negated ?? bare]
  if (compare === undefined) throw malformed(`The operator ${operator} is not known`)
  if (OPERATORS.IpAddress === compare && !wanted.every((text) => parseNetwork(text) !== undefined))
    throw malformed('A network is written as 10.0.0.0/8')
  return (context) => {
    const present = context(key)
    if (present === undefined) return whenAbsent || negated !== undefined
    const some = wanted.some((text) => compare(present, text))
    return negated === undefined ? some : !some
  }
}

/** Whether conditions ask for the address that a request came from. */
export function asksForAddress(condition: JsonCondition | undefined): boolean {
  return Object.values(condition ?? {}).some((keys) => Object.keys(keys).some((key) => key.toLowerCase() === SOURCE_IP))
}

/** Shortest prefixes that still name somebody's networks, and not most of the world: as AWS judges them. */
const NARROW = { 32: 8, 128: 32 } as const

/** Whether conditions let only requests of some networks through. */
export function namesNetworks(condition: JsonCondition | undefined): boolean {
  return Object.entries(condition?.IpAddress ?? {}).some(([key, value]) => {
    const networks = [value].flat().map((text) => parseNetwork(String(text)))
    const narrow = networks.every((network) => network !== undefined && network.length >= NARROW[network.width])
    return key.toLowerCase() === SOURCE_IP && narrow
  })
}
