/** The published known answers in compact form; see vectors/kat.json for their source. */
import { readFileSync } from 'node:fs'

export const fromHex = (h: string): Uint8Array => Uint8Array.from(Buffer.from(h, 'hex'))
export const toHex = (b: Uint8Array): string => Buffer.from(b).toString('hex')

export interface KnownAnswer {
  readonly seed: Uint8Array
  readonly message: Uint8Array
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
  readonly signature: Uint8Array
}

const file = JSON.parse(readFileSync(new URL('vectors/kat.json', import.meta.url), 'utf8')) as {
  sets: Record<string, { sk: string; sig: string }[]>
  inputs: { seed: string; msg: string }[]
  firstDigest: Record<string, string>
}

export function knownAnswers(name: string): KnownAnswer[] {
  return file.sets[name]!.map((v, j) => {
    const secretKey = fromHex(v.sk)
    const publicKey = secretKey.slice(0, { 270: 83, 417: 129, 549: 169 }[secretKey.length])
    const { seed, msg } = file.inputs[j]!
    return { seed: fromHex(seed), message: fromHex(msg), publicKey, secretKey, signature: fromHex(v.sig) }
  })
}

/** Published SHA-256 of the first vector in the layout of the .rsp files. */
export const firstDigest = (name: string): string => file.firstDigest[name]!
