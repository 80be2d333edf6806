/** Which form of content a request asks for. */

/** Forms that the gateway knows. */
export type GatewayFormat = 'raw' | 'car' | 'ipns-record' | 'tar' | 'json' | 'cbor' | 'dag-json' | 'dag-cbor' | 'html'

/** What is asked for; `explicit` by the query, which goes before the header (IPIP-523). */
export interface WantedFormat {
  readonly format: GatewayFormat | undefined
  readonly explicit: boolean
}

const BY_TYPE: ReadonlyMap<string, GatewayFormat> = new Map([
  ['application/vnd.ipld.raw', 'raw'],
  ['application/vnd.ipld.car', 'car'],
  ['application/vnd.ipfs.ipns-record', 'ipns-record'],
  ['application/x-tar', 'tar'],
  ['application/vnd.ipld.dag-json', 'dag-json'],
  ['application/vnd.ipld.dag-cbor', 'dag-cbor'],
  ['application/json', 'json'],
  ['application/cbor', 'cbor'],
  ['text/html', 'html'],
])
const NAMED = new Set<string>([...BY_TYPE.values()].filter((format) => format !== 'html'))

/** The form that `request` wants: the query, else the first type of `Accept` that is known. */
export function wantedFormat(request: Request, url: URL): WantedFormat {
  const format = url.searchParams.get('format')
  if (format !== null && NAMED.has(format)) return { format: format as GatewayFormat, explicit: true }
  for (const type of (request.headers.get('accept') ?? '').split(',')) {
    const known = BY_TYPE.get(type.split(';')[0]!.trim().toLowerCase())
    if (known !== undefined) return { format: known, explicit: false }
  }
  return { format: undefined, explicit: false }
}
