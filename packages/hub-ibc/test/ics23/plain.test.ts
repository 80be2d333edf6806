/** The one-pass reader against the ordinary verifier, which is the reference. */
import { expect, it } from 'vitest'
import { toHex, utf8 } from '../../src/encoding/bytes.ts'
import { isHubError } from '../../src/errors.ts'
import { IavlTree } from '../../src/iavl/tree.ts'
import { decodeCommitmentProof, encodeCommitmentProof } from '../../src/ics23/codec.ts'
import { isPlainSpec, readPlain } from '../../src/ics23/plain.ts'
import { iavlSpec, smtSpec, tendermintSpec } from '../../src/ics23/specs.ts'
import { provenRoot } from '../../src/ics23/verify.ts'
import { createRandom } from '../random.ts'

/** The root, by bytes (the one-pass reader goes first) or by objects (it never does); or the error's code. */
function outcome(
  proof: Uint8Array,
  key: Uint8Array,
  value: Uint8Array,
  way: 'bytes' | 'objects',
  spec = iavlSpec,
): string {
  try {
    return toHex(provenRoot(spec, way === 'bytes' ? proof : decodeCommitmentProof(proof), key, value))
  } catch (error) {
    if (isHubError(error)) return error.code
    throw error
  }
}

const tree = new IavlTree()
for (let version = 0; version < 3; version++) {
  for (let i = version; i < 400; i += version + 1)
    tree.set(utf8(`receipts/ports/transfer/channels/channel-${i % 3}/sequences/${i}`), utf8(`${version}`.repeat(1 + i)))
  tree.commit()
}
const pairs = [...tree.entries()]

it('reads every proof of a real tree', () => {
  const root = toHex(tree.hashOf(tree.version))
  for (const [key, value] of pairs) {
    const proof = tree.prove(key)
    expect(readPlain(iavlSpec, proof, key, value)).toBeGreaterThan(4)
    expect(outcome(proof, key, value, 'bytes')).toBe(root)
    expect(outcome(proof, key, value, 'objects')).toBe(root)
  }
  const single = new IavlTree()
  single.set(utf8('k'), utf8('v'))
  single.commit()
  expect(readPlain(iavlSpec, single.prove(utf8('k')), utf8('k'), utf8('v'))).toBe(0)
})

it('has the verdict of the ordinary verifier for every proof that is changed in a byte, cut, or longer', () => {
  const random = createRandom()
  let read = 0
  let total = 0
  for (const [key, value] of pairs.filter((_, i) => i % 133 === 0)) {
    const proof = tree.prove(key)
    const changed: Uint8Array[] = []
    for (let at = 0; at < proof.length; at++) {
      for (const bit of [1, 2, 0x20, 0x80]) changed.push(proof.with(at, proof[at]! ^ bit))
      changed.push(proof.with(at, random.below(256)), proof.slice(0, at))
    }
    changed.push(Uint8Array.from([...proof, 0]), Uint8Array.from([...proof, 0x22, 0]))
    for (const one of changed) {
      total++
      if (readPlain(iavlSpec, one, key, value) >= 0) read++
      expect(outcome(one, key, value, 'bytes')).toBe(outcome(one, key, value, 'objects'))
    }
  }
  // Where a byte of a hash or a version is another, the form is still plain; most others are not.
  expect(read).toBeGreaterThan(total / 4)
  expect(read).toBeLessThan(total)
})

it('has that verdict for steps that are doubled, swapped or missing, for other keys and values, and under other limits', () => {
  const [key, value] = pairs[200]!
  const bytes = tree.prove(key)
  const proof = decodeCommitmentProof(bytes)
  if (proof.kind !== 'exist') throw new Error('no existence proof')
  const { path } = proof.exist
  const paths = [
    [],
    path.slice(1),
    path.slice(0, -1),
    path.toReversed(),
    [path[0]!, ...path],
    ...path.map((_, i) => path.toSpliced(i, 1)),
    ...path.map((step, i) => path.with(i, { ...step, hash: 2 })),
    ...path.map((step, i) => path.with(i, { ...step, prefix: step.suffix, suffix: step.prefix })),
  ]
  for (const other of paths) {
    const one = encodeCommitmentProof({ kind: 'exist', exist: { ...proof.exist, path: other } })
    expect(outcome(one, key, value, 'bytes')).toBe(outcome(one, key, value, 'objects'))
  }
  for (const [k, v] of [
    [utf8('other'), value],
    [key, utf8('other')],
    [new Uint8Array(0), value],
    [key, new Uint8Array(0)],
    [key.subarray(1), value],
  ] as const)
    expect(outcome(bytes, k, v, 'bytes')).toBe(outcome(bytes, k, v, 'objects'))
  for (const limits of [{ maxDepth: 3 }, { minDepth: 60 }, { maxDepth: path.length, minDepth: path.length }]) {
    const spec = { ...iavlSpec, ...limits }
    expect(isPlainSpec(spec)).toBe(true)
    expect(outcome(bytes, key, value, 'bytes', spec)).toBe(outcome(bytes, key, value, 'objects', spec))
  }
})

it('leaves trees of other formats alone', () => {
  for (const spec of [tendermintSpec, smtSpec, { ...iavlSpec, leafSpec: { ...iavlSpec.leafSpec, prefix: utf8('x') } }])
    expect(isPlainSpec(spec)).toBe(false)
})
