/** Access lists of buckets and objects: canned ones, grants in headers, documents. Source: Amazon S3 User Guide, "Access control list (ACL) overview". */
import { S3Failure } from './failure.ts'
import type { Owner, Owners } from './owners.ts'
import { element, elementsOf, textOf, xmlDocument } from './xml.ts'

/** What a grant allows. */
export const permissions = ['READ', 'WRITE', 'READ_ACP', 'WRITE_ACP', 'FULL_CONTROL'] as const
export type Permission = (typeof permissions)[number]

/** Groups that grants can name, by the URI that stands for them. */
const GROUPS = {
  AllUsers: 'http://acs.amazonaws.com/groups/global/AllUsers',
  AuthenticatedUsers: 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers',
  LogDelivery: 'http://acs.amazonaws.com/groups/s3/LogDelivery',
} as const

/** A permission for an owner or for a group. */
export interface Grant {
  readonly permission: Permission
  readonly grantee: { readonly id: string; readonly displayName: string } | { readonly group: keyof typeof GROUPS }
}

/** Most grants of a list, as at AWS. */
const MAX_GRANTS = 100

/** Lists that have a name. */
export const cannedAcls = [
  'private',
  'public-read',
  'public-read-write',
  'authenticated-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
  'aws-exec-read',
  'log-delivery-write',
] as const

const toOwner = (permission: Permission, { id, displayName }: Owner): Grant => ({
  permission,
  grantee: { id, displayName },
})
const toGroup = (permission: Permission, group: keyof typeof GROUPS): Grant => ({ permission, grantee: { group } })

/** The grants of a canned list. @throws S3Failure `InvalidArgument` for a name that is none */
export function cannedGrants(name: string, owner: Owner, bucketOwner: Owner): Grant[] {
  const full = toOwner('FULL_CONTROL', owner)
  switch (name as (typeof cannedAcls)[number]) {
    case 'private':
    case 'aws-exec-read': // names a service that is not here
      return [full]
    case 'public-read':
      return [toGroup('READ', 'AllUsers'), full]
    case 'public-read-write':
      return [toGroup('READ', 'AllUsers'), toGroup('WRITE', 'AllUsers'), full]
    case 'authenticated-read':
      return [toGroup('READ', 'AuthenticatedUsers'), full]
    case 'bucket-owner-read':
      return bucketOwner.id === owner.id ? [full] : [full, toOwner('READ', bucketOwner)]
    case 'bucket-owner-full-control':
      return bucketOwner.id === owner.id ? [full] : [full, toOwner('FULL_CONTROL', bucketOwner)]
    case 'log-delivery-write':
      return [toGroup('WRITE', 'LogDelivery'), toGroup('READ_ACP', 'LogDelivery'), full]
    default:
      throw new S3Failure('InvalidArgument', 'No access list is called so')
  }
}

/** The grants that headers ask for, or `undefined`. @throws S3Failure `InvalidArgument`, `UnresolvableGrantByEmailAddress`, `InvalidRequest` */
export function grantsOfHeaders(
  headers: Headers,
  owner: Owner,
  bucketOwner: Owner,
  owners: Owners,
): Grant[] | undefined {
  const canned = headers.get('x-amz-acl')
  const grants = permissions.flatMap((permission) => {
    const text = headers.get(`x-amz-grant-${permission.toLowerCase().replace('_', '-')}`)
    if (text === null) return []
    return text.split(',').map((part) => {
      const match = /^\s*(id|uri|emailAddress)\s*=\s*"?([^"]*?)"?\s*$/i.exec(part)
      if (match === null) throw new S3Failure('InvalidArgument', 'A grantee is id=, uri= or emailAddress=')
      return { permission, grantee: granteeOf(match[1]!.toLowerCase(), match[2]!, owners) }
    })
  })
  if (canned !== null && grants.length > 0)
    throw new S3Failure('InvalidRequest', 'A request has a canned access list or grants, not both')
  if (canned !== null) return cannedGrants(canned, owner, bucketOwner)
  return grants.length === 0 ? undefined : limited(grants)
}

/**
 * The grants of an `AccessControlPolicy`.
 * @throws S3Failure `MalformedACLError`, `InvalidArgument`, `UnresolvableGrantByEmailAddress`, and `AccessDenied` when it names another owner
 */
export function parseAcl(document: string, owner: Owner, owners: Owners): Grant[] {
  const list =
    elementsOf(document, 'AccessControlList')[0] ?? (/<AccessControlList\s*\/>/.test(document) ? '' : undefined)
  if (list === undefined) throw new S3Failure('MalformedACLError', 'There is no AccessControlList')
  const named = textOf(elementsOf(document, 'Owner')[0] ?? '', 'ID')
  if (named !== undefined && named !== owner.id) throw new S3Failure('AccessDenied', 'An access list changes no owner')
  return limited(
    elementsOf(list, 'Grant').map((grant) => {
      const permission = textOf(grant, 'Permission') as Permission
      if (!permissions.includes(permission)) throw new S3Failure('MalformedACLError', 'A grant has a permission')
      for (const [tag, kind] of [
        ['ID', 'id'] as const,
        ['URI', 'uri'] as const,
        ['EmailAddress', 'emailaddress'] as const,
      ]) {
        const text = textOf(grant, tag)
        if (text !== undefined) return { permission, grantee: granteeOf(kind, text, owners) }
      }
      throw new S3Failure('MalformedACLError', 'A grant has a grantee')
    }),
  )
}

function granteeOf(kind: string, text: string, owners: Owners): Grant['grantee'] {
  if (kind === 'uri') {
    const group = (Object.keys(GROUPS) as (keyof typeof GROUPS)[]).find((name) => GROUPS[name] === text)
    if (group === undefined) throw new S3Failure('InvalidArgument', 'No group is called so')
    return { group }
  }
  const owner = owners.find(kind === 'id' ? { id: text } : { email: text })
  if (owner !== undefined) return { id: owner.id, displayName: owner.displayName }
  if (kind === 'id') throw new S3Failure('InvalidArgument', 'No owner has this id')
  throw new S3Failure('UnresolvableGrantByEmailAddress', 'No owner has this e-mail address')
}

function limited(grants: Grant[]): Grant[] {
  if (grants.length > MAX_GRANTS) throw new S3Failure('MalformedACLError', `At most ${MAX_GRANTS} grants`)
  return grants
}

/** What nobody has granted: the owner has all. */
export function privateTo(owner: Owner): Grant[] {
  return [toOwner('FULL_CONTROL', owner)]
}

/** A list as a document, groups first. */
export function aclDocument(owner: Owner, grants: readonly Grant[]): string {
  const isGroup = ({ grantee }: Grant) => 'group' in grantee
  const list = [...grants.filter(isGroup), ...grants.filter((grant) => !isGroup(grant))].map(
    ({ grantee, permission }) => {
      const inner =
        'group' in grantee
          ? element('URI', GROUPS[grantee.group])
          : element('ID', grantee.id) + element('DisplayName', grantee.displayName)
      const type = 'group' in grantee ? 'Group' : 'CanonicalUser'
      const head = `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="${type}">`
      return `<Grant>${head}${inner}</Grantee>${element('Permission', permission)}</Grant>`
    },
  )
  return xmlDocument('AccessControlPolicy', {
    Owner: { ID: owner.id, DisplayName: owner.displayName },
    AccessControlList: '',
  }).replace('<AccessControlList></AccessControlList>', () => `<AccessControlList>${list.join('')}</AccessControlList>`)
}

/** Whether a list lets `caller`, or anybody without one, do what needs `permission`. `groups` are left out where public lists do not count. */
export function grantsAllow(
  grants: readonly Grant[],
  caller: Owner | undefined,
  permission: Permission,
  groups: boolean,
): boolean {
  return grants.some(({ grantee, permission: granted }) => {
    if (granted !== permission && granted !== 'FULL_CONTROL') return false
    if (!('group' in grantee)) return grantee.id === caller?.id
    if (!groups) return false
    return grantee.group === 'AllUsers' || (grantee.group === 'AuthenticatedUsers' && caller !== undefined)
  })
}

/** Whether a list lets others in than those that it names. */
export function isPublicAcl(grants: readonly Grant[]): boolean {
  return grants.some(({ grantee }) => 'group' in grantee && grantee.group !== 'LogDelivery')
}

/** Whether a list grants anything to others than `owner`. */
export function grantsToOthers(grants: readonly Grant[], owner: Owner): boolean {
  return grants.some(({ grantee }) => 'group' in grantee || grantee.id !== owner.id)
}
