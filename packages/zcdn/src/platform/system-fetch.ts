/** The part of `fetch` that sources use; a test or a proxy may bring its own. */
export type Fetch = (url: string, init: { headers: Record<string, string>; signal?: AbortSignal }) => Promise<Response>

/** The machine's `fetch`. */
export const systemFetch: Fetch = (url, init) => fetch(url, init)

/** Sends bytes; the part of `fetch` that runners of edge functions use. */
export type Post = (
  url: string,
  body: Uint8Array,
  init: { headers: Record<string, string>; signal?: AbortSignal },
) => Promise<Response>

/** The machine's `fetch`, for sending. */
export const systemPost: Post = (url, body, init) =>
  fetch(url, { ...init, method: 'POST', body: body as Uint8Array<ArrayBuffer> })
