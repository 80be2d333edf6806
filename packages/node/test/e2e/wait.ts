/** Resolves with the first truthy answer of `probe`; throws after `timeoutMs`. */
export async function eventually<T>(
  probe: () => Promise<T | undefined | false | null>,
  what: string,
  timeoutMs = 180_000,
): Promise<T> {
  const end = Date.now() + timeoutMs
  for (;;) {
    const answer = await probe().catch(() => undefined)
    if (answer) return answer
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** One JSON-RPC call; throws the error object as it came. */
export async function rpc(url: string, method: string, ...params: unknown[]): Promise<any> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) })
  const { result, error } = (await response.json()) as {
    result?: unknown
    error?: { code: number; message: string; data?: unknown }
  }
  if (error) throw Object.assign(new Error(error.message), error)
  return result
}
