/** The file that `--config-out` of a local network writes: what a light node has to know, and test accounts to play with. */
import { readFileSync } from 'node:fs'
import type { LightChain } from '@zos/node/light'

export interface Network {
  readonly chain: LightChain
  readonly validators: readonly { readonly rpcUrl: string }[]
  /** Keys of a local network's test accounts, which everybody knows. */
  readonly accounts: readonly { readonly privateKey: `0x${string}` }[]
}

export function readNetwork(path: string): Network {
  return JSON.parse(readFileSync(path, 'utf8'))
}
