/** The request and response cases of execution-apis: `//` comments, then `>>` request and `<<` response in turn. */
export interface ConformanceCase {
  /** Method and case, as the folder and file are named. */
  name: string
  /** Only the form of the answer counts: clients may differ in what it says. */
  formOnly: boolean
  exchanges: { request: string; response: any }[]
}

export function parseCase(name: string, text: string): ConformanceCase {
  const lines = text.split('\n')
  const requests = lines.flatMap((line) => (line.startsWith('>> ') ? [line.slice(3)] : []))
  const responses = lines.flatMap((line) => (line.startsWith('<< ') ? [JSON.parse(line.slice(3))] : []))
  if (requests.length === 0 || requests.length !== responses.length) throw new Error(`${name} is not a case`)
  return {
    name,
    formOnly: lines.some((line) => line.startsWith('// speconly')),
    exchanges: requests.map((request, index) => ({ request, response: responses[index] })),
  }
}
