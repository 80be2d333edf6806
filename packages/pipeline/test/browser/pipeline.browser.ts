import { keccak256 } from '../../src/hash/index.ts'
import { pipeline } from '../../src/index.ts'
import { decodeTransaction } from '../../src/transaction/index.ts'
import { createVerifier } from '../../src/verify/index.ts'

/** Runs in a page: the kernels load, pass their self-test and recover a sender; the pipeline's streams work. */
export async function run(): Promise<void> {
  const hex = (text: string) => Uint8Array.from(text.match(/../g)!, (pair) => Number.parseInt(pair, 16))
  const raw = hex(
    'f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83',
  )
  const decoded = decodeTransaction(raw)
  if (decoded.status !== 'ok') throw new Error(decoded.reason)
  for (const backend of ['wasm-relaxed-simd', 'wasm', 'noble'] as const) {
    const verifier = createVerifier({ backends: [backend] })
    const [sender] = verifier.recoverMany([{ hash: decoded.tx.signingHash, ...decoded.tx.signature }])
    if (sender?.[0] !== 0x9d || sender[19] !== 0x4f) throw new Error(`${backend} recovers another sender`)
  }
  if (keccak256(new Uint8Array(0))[0] !== 0xc5) throw new Error('keccak256 of nothing is wrong')
  const doubled = pipeline<number>()
    .batch({ count: 3 })
    .map('double', (n) => n * 2)
    .start()
  let sum = 0
  for await (const outcome of doubled.run([1, 2, 3, 4])) if (outcome.status === 'ok') sum += outcome.value
  if (sum !== 20) throw new Error(`the pipeline summed ${sum}`)
}
