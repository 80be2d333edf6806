import { describe, expect, it } from 'vitest'
import { createBigIntEngine } from '../src/field/bigint.ts'
import type { Fp2Engine } from '../src/field/engine.ts'
import { FORMULAS } from '../src/field/formulas.ts'
import { createWasmEngine } from '../src/field/wasm.ts'
import { P324_3, P500_27, P664_17 } from '../src/params.ts'
import { seededIntegers } from './seeded.ts'

const seed = Number(process.env.ZOS_SEED ?? 1)

describe.each([P324_3, P500_27, P664_17])('field $name', (set) => {
  const wasm = createWasmEngine(set)
  const big = createBigIntEngine(set)
  const pairs: [Fp2Engine, number][] = [
    [wasm, wasm.alloc(20)],
    [big, big.alloc(20)],
  ]
  const next = seededIntegers(seed)
  const edges = [0n, 1n, 2n, set.p - 1n, set.p - 2n, set.p >> 1n]
  const pick = (j: number): bigint => (j < 36 ? edges[j % 6]! : next(set.p))
  const same = (what: string, run: (F: Fp2Engine, at: number) => unknown): void => {
    const [a, b] = pairs.map(([F, at]) => JSON.stringify(run(F, at), (_, v) => (typeof v === 'bigint' ? `${v}` : v)))
    expect(a, `${what}, seed ${seed}`).toBe(b)
  }

  it('both engines agree on every operation, on edge values and at random', () => {
    for (let j = 0; j < 150; j++) {
      const [a, b, c, d] = [pick(j), pick(j < 36 ? (j / 6) | 0 : j), pick(j < 36 ? j + 1 : j), pick(j)]
      for (const [F, at] of pairs) {
        F.write(at, a, b)
        F.write(at + F.stride, c, d)
      }
      for (const op of ['add', 'sub', 'mul'] as const)
        same(op, (F, at) => {
          F[op](at + 2 * F.stride, at, at + F.stride)
          return F.read(at + 2 * F.stride)
        })
      for (const op of ['sqr', 'neg', 'mulByI', 'conj', 'half', 'inv', 'sqrt', 'copy'] as const)
        same(op, (F, at) => {
          F[op](at + 2 * F.stride, at)
          return F.read(at + 2 * F.stride)
        })
      same('predicates', (F, at) => [F.isSquare(at), F.isZero(at), F.equal(at, at + F.stride), F.isSquareFp(j)])
    }
  })

  it('long chains of additions and multiplications without a read keep their value', () => {
    const [a, b] = [next(set.p), set.p - 1n]
    for (const [F, at] of pairs) {
      F.write(at, a, b)
      F.write(at + F.stride, b, a)
    }
    same('chain', (F, at) => {
      const s = F.stride
      for (let j = 0; j < 60; j++) {
        F.add(at, at, at)
        F.sub(at + s, at + s, at)
        F.mul(at, at, at + s)
        F.add(at, at, at)
        F.sqr(at + s, at + s)
        F.sub(at + s, at, at + s)
      }
      F.sub(at + 2 * s, at, at)
      return [F.read(at), F.read(at + s), F.isZero(at + 2 * s), F.isZero(at)]
    })
  })

  it('every recorded formula equals the formula run on BigInt', () => {
    for (const [name, [handles]] of Object.entries(FORMULAS)) {
      for (const [F, at] of pairs) {
        const values = seededIntegers(7)
        for (let j = 0; j < 20; j++) F.write(at + j * F.stride, values(set.p), values(set.p))
      }
      same(name, (F, at) => {
        const s = F.stride
        // Outputs at slots 0 to 3, inputs behind them.
        F.k[name as keyof typeof FORMULAS](...Array.from({ length: handles }, (_, j) => at + 3 * j * s))
        return Array.from({ length: 8 }, (_, j) => F.read(at + j * s))
      })
    }
  })

  it('a square root squares back, and a released slot is zero', () => {
    for (const [F] of pairs) {
      const mark = F.mark()
      const t = F.alloc(2)
      F.write(t, 12345n, 678n)
      F.sqr(t, t)
      F.sqrt(t + F.stride, t)
      F.sqr(t + F.stride, t + F.stride)
      expect(F.equal(t, t + F.stride)).toBe(true)
      F.release(mark)
      expect(F.read(F.alloc(1))).toEqual({ re: 0n, im: 0n })
      F.release(mark)
    }
  })
})
