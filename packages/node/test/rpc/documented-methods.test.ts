import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkpointMethods } from '../../src/rpc/methods/checkpoints.ts'
import { committeeMethods } from '../../src/rpc/methods/committee.ts'
import { ibcMethods } from '../../src/rpc/methods/ibc.ts'
import { indexMethods } from '../../src/rpc/methods/index.ts'
import { validatorMethods } from '../../src/rpc/methods/validators.ts'
import { zosMethods } from '../../src/rpc/methods/zos.ts'

const docs = new URL('../../docs/', import.meta.url)

test('the documents name every method of the ledger that is served, and none that is not', () => {
  const served = [zosMethods, validatorMethods, committeeMethods, checkpointMethods, indexMethods, ibcMethods]
    .flatMap((methods) => Object.keys(methods))
    .sort()
  const text = readdirSync(docs)
    .filter((name) => name.endsWith('.md'))
    .map((name) => readFileSync(new URL(name, docs), 'utf8'))
    .join('\n')
  const listed = new Set([...text.matchAll(/^\| `(zos_(?!dev_)\w+)\(/gm)].map(([, name]) => name))
  expect([...listed].sort()).toEqual(served)
})
