/** How a request ends when it is not done: a status, and where RFC 4918 names one, a precondition. */

/** Preconditions that go into the body of an answer (RFC 4918 §16, RFC 4331 §6), by the status that they come with. */
export type Precondition =
  | 'cannot-modify-protected-property'
  | 'lock-token-matches-request-uri'
  | 'lock-token-submitted'
  | 'no-conflicting-lock'
  | 'no-external-entities'
  | 'propfind-finite-depth'
  | 'quota-not-exceeded'

/** Ends a request; never leaves the handler. */
export class DavFailure extends Error {
  readonly status: number
  readonly precondition: Precondition | undefined
  /** what the precondition is about: hrefs */
  readonly hrefs: readonly string[]

  constructor(status: number, message: string, precondition?: Precondition, hrefs: readonly string[] = []) {
    super(message)
    this.status = status
    this.precondition = precondition
    this.hrefs = hrefs
  }
}

/** Members of a collection stood in the way of a request on the whole: the answer is a multistatus (RFC 4918 §9.6.1). */
export class MembersFailure extends Error {
  readonly members: readonly { readonly href: string; readonly status: number }[]
  readonly precondition: Precondition

  constructor(members: readonly { readonly href: string; readonly status: number }[], precondition: Precondition) {
    super('Members of the collection are in the way')
    this.members = members
    this.precondition = precondition
  }
}
