/** The part of `fetch` that sources use; a test or a proxy may bring its own. */
export type Fetch = (url: string, init: { headers: Record<string, string>; signal?: AbortSignal }) => Promise<Response>

/** The machine's `fetch`. */
export const systemFetch: Fetch = (url, init) => fetch(url, init)
