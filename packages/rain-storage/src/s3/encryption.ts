/**
 * Encryption that the server sees to (SSE-S3). It is a property of the content, of all objects alike: where the content is sealed, asking for it is
 * granted and every answer names it; where it is not, asking is refused. Keys of clients and of a key service are refused everywhere.
 */
import { type Call, xml } from './call.ts'
import { S3Failure } from './failure.ts'
import type { ObjectContent } from './object-content.ts'
import type { GatewayParts } from './parts.ts'
import { elementsOf, textOf } from './xml.ts'

const HEADER = 'x-amz-server-side-encryption'

/** Who asks for encryption must not believe that there is some. @throws S3Failure `NotImplemented` */
export function checkEncryption(headers: Headers, { encryption }: ObjectContent): void {
  const wanted = headers.get(HEADER)
  if (wanted !== null && wanted !== encryption)
    throw new S3Failure('NotImplemented', `Encryption ${wanted} is not what the gateway has`)
}

/** What is said of an object that is read or written. */
export function encryptionHeaders({ encryption }: ObjectContent): Record<string, string> {
  return encryption === undefined ? {} : { [HEADER]: encryption }
}

/** The sub-resource of a bucket: always the content's own; another cannot be set. */
export async function bucketEncryption({ access, options, writer }: GatewayParts, call: Call): Promise<Response> {
  const { encryption } = options.content
  const { method } = call.request
  await access.bucket(call, `s3:${method === 'GET' ? 'Get' : 'Put'}EncryptionConfiguration`)
  if (method === 'GET') {
    if (encryption === undefined)
      throw new S3Failure('ServerSideEncryptionConfigurationNotFoundError', 'The bucket has no encryption')
    return xml('ServerSideEncryptionConfiguration', {
      Rule: { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: encryption } },
    })
  }
  // Taking it away leaves what the content does by itself.
  if (method === 'DELETE' && encryption !== undefined) return new Response(null, { status: 204 })
  if (method !== 'PUT' || encryption === undefined) throw new S3Failure('NotImplemented', 'encryption is not supported')
  const document = await writer.document(call)
  const rules = elementsOf(document, 'Rule')
  if (rules.length !== 1) throw new S3Failure('MalformedXML', 'There is one rule')
  const wanted = textOf(rules[0]!, 'SSEAlgorithm')
  if (wanted !== encryption) throw new S3Failure('NotImplemented', `Encryption ${wanted} is not what the gateway has`)
  return new Response(null)
}
