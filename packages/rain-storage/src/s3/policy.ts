/**
 * Bucket policies: who may do what on what, under which conditions. A denial wins. What the gateway cannot judge it does not take: a policy with an element, an
 * operator or a key that is not known is refused when it is set. Source: AWS IAM User Guide, "Policy evaluation logic", "IAM JSON policy elements".
 */
import { S3Failure } from './failure.ts'
import { glob } from './glob.ts'
import type { Owner } from './owners.ts'
import {
  asksForAddress,
  type ConditionContext,
  compileCondition,
  type JsonCondition,
  namesNetworks,
} from './policy-conditions.ts'

/** Longest policy, as at AWS. */
export const MAX_POLICY_BYTES = 20 * 1024

interface Statement {
  readonly effect: 'Allow' | 'Deny'
  readonly principal: (caller: Owner | undefined) => boolean
  /** anybody is meant, from anywhere */
  readonly everybody: boolean
  /** it depends on the address that a request came from */
  readonly byAddress: boolean
  readonly action: (action: string) => boolean
  readonly resource: (arn: string) => boolean
  readonly condition: (context: ConditionContext) => boolean
}

/** A policy that can be asked. */
export type Policy = readonly Statement[]

/** A question to a policy. */
export interface PolicyQuestion {
  /** nobody, when the request is not signed */
  readonly caller: Owner | undefined
  /** e.g. `s3:GetObject` */
  readonly action: string
  readonly bucket: string
  /** of an object; without it, the question is about the bucket */
  readonly key?: string
  readonly context: ConditionContext
}

type Json = { readonly [name: string]: unknown }
const ELEMENTS = [
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]
const ARN = 'arn:aws:s3:::'

const malformed = (message: string) => new S3Failure('MalformedPolicy', message)

/** Reads a policy of `bucket`. @throws S3Failure `MalformedPolicy` */
export function parsePolicy(text: string, bucket: string): Policy {
  if (new TextEncoder().encode(text).length > MAX_POLICY_BYTES) throw malformed('The policy is too long')
  let document: Json
  try {
    document = JSON.parse(text) as Json
  } catch {
    throw malformed('The policy is not JSON')
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw malformed('No JSON object')
  const version = document.Version ?? '2008-10-17'
  if (version !== '2012-10-17' && version !== '2008-10-17') throw malformed('Versions are 2008-10-17 and 2012-10-17')
  const { Statement: statements } = document
  const list = (Array.isArray(statements) ? statements : [statements]) as (Json | undefined)[]
  if (list.length === 0) throw malformed('The policy has no statement')
  return list.map((statement) => {
    if (typeof statement !== 'object' || statement === null) throw malformed('A statement is an object')
    return parseStatement(statement, bucket)
  })
}

function parseStatement(statement: Json, bucket: string): Statement {
  const unknown = Object.keys(statement).find((name) => !ELEMENTS.includes(name))
  if (unknown !== undefined) throw malformed(`${unknown} is not known`)
  const { Effect } = statement
  if (Effect !== 'Allow' && Effect !== 'Deny') throw malformed('An effect is Allow or Deny')
  const actions = either(statement, 'Action', (value) => {
    const patterns = texts(value, 'Action').map((text) => text.toLowerCase())
    if (patterns.some((text) => text !== '*' && !text.startsWith('s3:'))) throw malformed('Actions begin with s3:')
    return (action: string) => patterns.some((pattern) => glob(pattern, action.toLowerCase()))
  })
  const resources = either(statement, 'Resource', (value) => {
    const patterns = texts(value, 'Resource')
    const own = (text: string) => {
      const name = text.slice(ARN.length).split('/')[0]!
      return text.startsWith(ARN) && glob(name, bucket)
    }
    if (!patterns.every((text) => text === '*' || own(text))) throw malformed('A resource is not of this bucket')
    return (arn: string) => patterns.some((pattern) => glob(pattern, arn))
  })
  // who is not named is everybody else, whoever comes: too much to allow
  if (Effect === 'Allow' && statement.NotPrincipal !== undefined) throw malformed('NotPrincipal goes with Deny')
  const principals = either(statement, 'Principal', parsePrincipal)
  const condition = statement.Condition as JsonCondition | undefined
  return {
    effect: Effect,
    principal: principals,
    everybody: principals(undefined) && !namesNetworks(condition),
    byAddress: asksForAddress(condition),
    action: actions,
    resource: resources,
    condition: compileCondition(condition),
  }
}

/** An element or its negation; one of them is there. */
function either<T>(statement: Json, name: string, read: (value: unknown) => (input: T) => boolean) {
  const positive = statement[name]
  const negative = statement[`Not${name}`]
  if ((positive === undefined) === (negative === undefined)) throw malformed(`A statement has ${name} or Not${name}`)
  const test = read(positive ?? negative)
  return positive === undefined ? (input: T) => !test(input) : test
}

function texts(value: unknown, name: string): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0 || list.some((text) => typeof text !== 'string')) throw malformed(`${name} is text`)
  return list as string[]
}

function parsePrincipal(value: unknown): (caller: Owner | undefined) => boolean {
  if (value === '*') return () => true
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed('A principal is * or an object')
  const tests = Object.entries(value).flatMap(([kind, names]) => {
    if (kind !== 'AWS' && kind !== 'CanonicalUser') throw malformed(`Principals of kind ${kind} are not here`)
    return texts(names, 'Principal').map((name) => {
      if (name === '*') return () => true
      // an account, a user or a canonical id: an owner is all three
      const match = /^arn:aws:iam::([^:]*):(?:root|user\/(.+))$/.exec(name)
      const id = match === null ? name : (match[2] ?? match[1]!)
      return (caller: Owner | undefined) => caller?.id === id
    })
  })
  return (caller) => tests.some((test) => test(caller))
}

/** What a policy says; `none` when no statement fits. */
export function askPolicy(
  policy: Policy,
  { caller, action, bucket, key, context }: PolicyQuestion,
): 'allow' | 'deny' | 'none' {
  const arn = key === undefined ? ARN + bucket : `${ARN}${bucket}/${key}`
  let allowed = false
  for (const statement of policy) {
    if (!statement.action(action) || !statement.resource(arn) || !statement.principal(caller)) continue
    if (!statement.condition(context)) continue
    if (statement.effect === 'Deny') return 'deny'
    allowed = true
  }
  return allowed ? 'allow' : 'none'
}

/** Whether a policy lets everybody do anything. Of the known conditions, only networks make it less than public. */
export function isPublicPolicy(policy: Policy): boolean {
  return policy.some(({ effect, everybody }) => effect === 'Allow' && everybody)
}

/** Whether a policy can be judged only where the addresses of requests are known. */
export function needsAddresses(policy: Policy): boolean {
  return policy.some(({ byAddress }) => byAddress)
}
