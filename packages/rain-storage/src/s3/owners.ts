/** Who may hold buckets and objects, and which credentials speak for whom. */

/** Whom buckets and objects belong to. */
export interface Owner {
  /** the canonical id: what grants and policies name */
  readonly id: string
  readonly displayName: string
  /** grants may name it instead of the id */
  readonly email?: string
}

/** A secret key, and for whom it signs. */
export interface S3Credential {
  readonly secretKey: string
  readonly owner: Owner
}

/** Whom secret keys without an owner sign for, and whose buckets are that say no owner. */
export const DEFAULT_OWNER: Owner = { id: 'zos', displayName: 'zos' }

/** The owners of a gateway. */
export class Owners {
  readonly #credentials: ReadonlyMap<string, string | S3Credential>

  constructor(credentials: ReadonlyMap<string, string | S3Credential>) {
    this.#credentials = credentials
  }

  secretOf(accessKey: string): string | undefined {
    const credential = this.#credentials.get(accessKey)
    return typeof credential === 'object' ? credential.secretKey : credential
  }

  /** For whom an access key signs. */
  ofKey(accessKey: string): Owner | undefined {
    const credential = this.#credentials.get(accessKey)
    return typeof credential === 'string' ? DEFAULT_OWNER : credential?.owner
  }

  /** An owner by id or by e-mail address. Costs a look at every credential. */
  find(by: { readonly id: string } | { readonly email: string }): Owner | undefined {
    for (const accessKey of this.#credentials.keys()) {
      const owner = this.ofKey(accessKey)!
      if ('id' in by ? owner.id === by.id : owner.email === by.email) return owner
    }
    return undefined
  }
}

/** An owner as the children of an XML element. */
export function ownerElements(owner: Owner): { ID: string; DisplayName: string } {
  return { ID: owner.id, DisplayName: owner.displayName }
}
