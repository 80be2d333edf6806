// Content, erasure coding, encryption and sharing in a browser: WebCrypto, SIMD WebAssembly, no Node.
import {
  createErasureCode,
  createGateway,
  createLocalNode,
  createMemoryBlockStore,
  createVault,
  defaultCrypto,
  exportFile,
  identityFromSeed,
  importFile,
  openShare,
  share,
} from '../../src/index.ts'

function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(what)
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  for await (const part of source) parts.push(part.slice())
  return new Uint8Array(await new Blob(parts).arrayBuffer())
}

/** Throws when something is wrong. */
export async function run(): Promise<void> {
  const crypto = defaultCrypto()
  check(crypto.name === 'webcrypto', `the browser uses ${crypto.name}`)
  const code = createErasureCode({ dataShards: 10, totalShards: 16 })
  check(code.kernel !== 'typescript', 'the browser has no SIMD')

  const store = createMemoryBlockStore()
  const { cid } = await importFile(store, [new TextEncoder().encode('hello world')])
  check(String(cid) === 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e', `the CID is ${cid}`)
  check(new TextDecoder().decode(await collect(exportFile(store, cid))) === 'hello world', 'the file came back wrong')
  const response = await createGateway({ blocks: store, deserialise: true })(
    new Request(`http://gateway.test/ipfs/${cid}`),
  )
  check((await response.text()) === 'hello world', 'the gateway answers wrong')

  const stores = Array.from({ length: 16 }, () => createMemoryBlockStore())
  const nodes = stores.map((blocks, i) => createLocalNode({ id: `n${i}`, domain: `d${i}`, weight: 1, store: blocks }))
  let alive = nodes
  const vault = createVault({ nodes: () => alive })
  const data = crypto.randomBytes(3_000_000)
  const capability = await vault.put([data], { name: 'browser' })
  alive = nodes.slice(6)
  const reader = await identityFromSeed(crypto, new Uint8Array(32).fill(1))
  const shared = await openShare(crypto, await share(crypto, capability, [reader.publicKey]), reader)
  const back = await collect(vault.get(shared))
  check(back.length === data.length && back.every((byte, i) => byte === data[i]), 'the vault gives other bytes')
}
