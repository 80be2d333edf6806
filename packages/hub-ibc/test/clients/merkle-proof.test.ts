import { expect, it } from 'vitest'
import { createMerkleVerifier } from '../../src/clients/merkle-proof.ts'
import { MerkleProof } from '../../src/core/messages.ts'
import { utf8 } from '../../src/encoding/bytes.ts'
import { IavlTree } from '../../src/iavl/tree.ts'
import { iavlSpec, tendermintSpec } from '../../src/ics23/specs.ts'
import { multiStore } from '../../src/merkle/simple.ts'

const specs = [iavlSpec, tendermintSpec]

it('remembering the way to the app hash accepts nothing that was not proved', () => {
  const tree = new IavlTree()
  for (let i = 0; i < 50; i++) tree.set(utf8(`key ${i}`), utf8(`value ${i}`))
  const { hash } = tree.commit()
  const multi = multiStore({ ibc: hash, bank: new Uint8Array(32).fill(1) })
  const other = multiStore({ ibc: hash, bank: new Uint8Array(32).fill(2) })
  const proof = (key: string, of = multi, store = 'ibc') =>
    MerkleProof.encode({ proofs: [tree.prove(utf8(key)), of.prove(store)] })
  const path = (key: string, store = 'ibc') => [utf8(store), utf8(key)]
  const refused = expect.objectContaining({ code: 'HUB_PROOF' })

  const verify = createMerkleVerifier()
  const fails = (...args: Parameters<typeof verify>) => expect(() => verify(...args)).toThrow(refused)
  for (let turn = 0; turn < 2; turn++) {
    verify(specs, multi.hash, proof('key 7'), path('key 7'), utf8('value 7'))
    verify(specs, multi.hash, proof('key 8'), path('key 8'), utf8('value 8'))
    verify(specs, multi.hash, proof('key x'), path('key x'), undefined)
    // After what was remembered: another root, another store, another way up, a lower level that does not fit.
    fails(specs, other.hash, proof('key 7'), path('key 7'), utf8('value 7'))
    fails(specs, multi.hash, proof('key 7', other), path('key 7'), utf8('value 7'))
    fails(specs, multi.hash, proof('key 7'), path('key 7', 'bank'), utf8('value 7'))
    fails(specs, multi.hash, proof('key 7', multi, 'bank'), path('key 7'), utf8('value 7'))
    fails(specs, multi.hash, proof('key 7'), path('key 7'), utf8('value 8'))
    fails([iavlSpec, iavlSpec], multi.hash, proof('key 7'), path('key 7'), utf8('value 7'))
    fails([iavlSpec], multi.hash, proof('key 7'), path('key 7'), utf8('value 7'))
    verify(specs, other.hash, proof('key 7', other), path('key 7'), utf8('value 7'))
  }
})
