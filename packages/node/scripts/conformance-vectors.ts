/**
 * Packs the cases of ethereum/execution-apis (CC0), with their genesis and chain, into what test/conformance carries. Run it in
 * packages/node after the cases changed: `node scripts/conformance-vectors.ts FOLDER`, where FOLDER is the `tests` folder of that repository.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, constants } from 'node:zlib'
import { packCases } from '../test/conformance/packed-cases.ts'

const [folder] = process.argv.slice(2)
if (!folder) throw new Error('which folder?')
const text = JSON.stringify(packCases(folder))
const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 }
const target = new URL('../test/conformance/vectors/execution-apis.json.br', import.meta.url)
writeFileSync(target, brotliCompressSync(text, { params }))
console.log(`${text.length} characters in ${readFileSync(target).length} bytes`)
