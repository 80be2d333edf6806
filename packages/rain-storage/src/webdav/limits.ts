/** What a client can send and ask for at most. */
export const WEBDAV_LIMITS = {
  /** UTF-8 bytes of a name, as file systems have it */
  nameBytes: 255,
  /** collections above a resource */
  depth: 64,
  /** bytes of the XML of a request */
  xmlBytes: 256 * 1024,
  /** elements within elements */
  xmlDepth: 64,
  /** bytes of all dead properties of a resource: they stand in its record, which every listing reads */
  propertyBytes: 64 * 1024,
  /** properties that a PROPFIND names */
  named: 1000,
  /** resources in the answer to one PROPFIND with depth infinity */
  listed: 10_000,
  /** resources that one COPY makes: other changes wait meanwhile */
  copied: 100_000,
  fileBytes: 5 * 1024 ** 4,
  /** characters of an `If` header, which `node:http` limits to 16 KiB with all others */
  ifCharacters: 8192,
  locks: 10_000,
  /** longest and usual time of a lock; a client refreshes it */
  lockMs: 3_600_000,
  /** characters of the owner that a lock shows */
  lockOwner: 4096,
} as const
