/**
 * a·G + b·P on secp256k1, one thread a pair of scalars, in three passes: the point and its multiples, the ladder, the affine result. All additions are
 * the complete formulas of Renes, Costello and Batina (2016, algorithms 7 and 9), so no input has a special case.
 */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { fieldWgsl } from './field-wgsl.ts'
import { headWgsl } from './head-wgsl.ts'
import { LIMBS, toLimbs } from './limbs.ts'
import { Code, PROGRAM_WGSL } from './program.ts'
import type { Kernel } from './runner.ts'

/** Words of an item: x, y, a, b (eight each, the least significant first), and how y comes. */
export const ITEM_WORDS = 33
/** Words of a result: x, y, and 1 where there is one. */
export const RESULT_WORDS = 17
/** How y comes: with the item, as the root of this parity, or there is nothing to do. */
export const yFrom = { item: 0, evenRoot: 1, oddRoot: 2, nothing: 3 } as const

const WINDOW = 16
const POINT = 3 * LIMBS

const code = new Code()
const { registers } = code

/** t = x^(2^223 − 1), with the powers of so many ones on the way. */
const ONES = `
e2 = x ^ 2 ^ 1
e2 = e2 * x
t = e2 ^ 2 ^ 1
e3 = t * x
t = e3 ^ 2 ^ 3
t = t * e3
t = t ^ 2 ^ 3
t = t * e3
t = t ^ 2 ^ 2
e11 = t * e2
t = e11 ^ 2 ^ 11
e22 = t * e11
t = e22 ^ 2 ^ 22
e44 = t * e22
t = e44 ^ 2 ^ 44
e88 = t * e44
t = e88 ^ 2 ^ 88
t = t * e88
t = t ^ 2 ^ 44
t = t * e44
t = t ^ 2 ^ 3
t = t * e3`
/** x³ + 7. */
const CURVE = code.program(`
s = x * x
s = s * x
s = s + seven`)
/** t = s^((p + 1)/4), the root where there is one. */
const ROOT = code.program(`${ONES.replaceAll(/\bx\b/g, 's')}
t = t ^ 2 ^ 23
t = t * e22
t = t ^ 2 ^ 6
t = t * e2
t = t ^ 2 ^ 2
s2 = zero - t`)
const SQUARE = code.program('t = y * y')
/** (x, y) = (x/z, y/z), by z^(p − 2). */
const AFFINE = code.program(`${ONES.replaceAll(/\bx\b/g, 'z')}
t = t ^ 2 ^ 23
t = t * e22
t = t ^ 2 ^ 5
t = t * z
t = t ^ 2 ^ 3
t = t * e2
t = t ^ 2 ^ 2
t = t * z
x = x * t
y = y * t`)
/** (x, y, z) += (x2, y2, z2). */
const ADD = code.program(`
t0 = x * x2
t1 = y * y2
t2 = z * z2
a = x + y
b = x2 + y2
t3 = a * b
a = t0 + t1
t3 = t3 - a
a = y + z
b = y2 + z2
t4 = a * b
a = t1 + t2
t4 = t4 - a
a = x + z
b = x2 + z2
y = a * b
a = t0 + t2
y = y - a
t0 = 3 t0
t2 = 21 t2
z = t1 + t2
t1 = t1 - t2
y = 21 y
a = t4 * y
x = t3 * t1
x = x - a
y = y * t0
a = t1 * z
y = a + y
t0 = t0 * t3
z = z * t4
z = z + t0`)
/** (x, y, z) doubled. */
const DOUBLE = code.program(`
t0 = y * y
t3 = 8 t0
t1 = y * z
t2 = z * z
t2 = 21 t2
a = t2 * t3
b = t0 + t2
z = t1 * t3
t2 = 3 t2
t0 = t0 - t2
t1 = x * y
y = t0 * b
y = a + y
x = t0 * t1
x = x + x`)

/** Programs, then multiples 0 to 15 of G, projective. */
function constants(): Uint32Array<ArrayBuffer> {
  const table = [toLimbs(0n), toLimbs(1n), toLimbs(0n)].flat()
  for (let i = 1; i < WINDOW; i++) {
    const { x, y } = secp256k1.Point.BASE.multiply(BigInt(i)).toAffine()
    table.push(...toLimbs(x), ...toLimbs(y), ...toLimbs(1n))
  }
  return Uint32Array.from([...code.words, ...table])
}

const WGSL = registers.inWgsl(/* wgsl */ `
${headWgsl(POINT)}
${fieldWgsl({ prime: secp256k1.Point.Fp.ORDER, bits: 256 })}
${PROGRAM_WGSL}
fn store(item: u32, entry: u32) {
  for (var i = 0u; i < ${LIMBS}u; i++) {
    scratch[place(item, entry, 0u, i)] = $x[i];
    scratch[place(item, entry, 1u, i)] = $y[i];
    scratch[place(item, entry, 2u, i)] = $z[i];
  }
}

fn words_at(item: u32, offset: u32) -> array<u32, 8> {
  var w: array<u32, 8>;
  for (var i = 0u; i < 8u; i++) {
    w[i] = items[item * ${ITEM_WORDS}u + offset + i];
  }
  return w;
}

fn infinity() {
  $x = Fe();
  $y = ONE;
  $z = Fe();
}

@compute @workgroup_size(64)
fn prepare(@builtin(global_invocation_id) id: vec3u) {
  let item = id.x;
  if (item >= count.x) {
    return;
  }
  let from_where = items[item * ${ITEM_WORDS}u + 32u];
  var words = words_at(item, 0u);
  $x = from_words(&words);
  words = words_at(item, 8u);
  $y = from_words(&words);
  $zero = Fe();
  $seven = Fe();
  $seven[0] = 7u;
  run(${CURVE});
  if (from_where == ${yFrom.evenRoot}u || from_where == ${yFrom.oddRoot}u) {
    run(${ROOT});
    var root = $t;
    root = freeze(&root);
    if ((root[0] & 1u) != from_where - 1u) {
      root = $s2;
    }
    $y = root;
  }
  run(${SQUARE});
  var square = $t;
  var wanted = $s;
  let good = from_where != ${yFrom.nothing}u && equal(&square, &wanted);
  results[item * ${RESULT_WORDS}u + 16u] = select(0u, 1u, good);
  $x2 = $x;
  $y2 = $y;
  $z2 = ONE;
  infinity();
  store(item, 0u);
  for (var i = 1u; i < ${WINDOW}u; i++) {
    run(${ADD});
    store(item, i);
  }
}

@compute @workgroup_size(64)
fn ladder(@builtin(global_invocation_id) id: vec3u) {
  let item = id.x;
  if (item >= count.x) {
    return;
  }
  infinity();
  // Of each window: four doublings, a multiple of G, a multiple of P.
  for (var turn = 0u; turn < 64u * 6u; turn++) {
    let bit = 252u - 4u * (turn / 6u);
    let phase = turn % 6u;
    if (phase < 4u) {
      run(${DOUBLE});
      continue;
    }
    let scalar = item * ${ITEM_WORDS}u + select(24u, 16u, phase == 4u);
    let digit = (items[scalar + (bit >> 5u)] >> (bit & 31u)) & 15u;
    for (var i = 0u; i < ${LIMBS}u; i++) {
      if (phase == 4u) {
        let at = ${code.words.length}u + digit * ${POINT}u + i;
        $x2[i] = constants[at];
        $y2[i] = constants[at + ${LIMBS}u];
        $z2[i] = constants[at + ${2 * LIMBS}u];
      } else {
        $x2[i] = scratch[place(item, digit, 0u, i)];
        $y2[i] = scratch[place(item, digit, 1u, i)];
        $z2[i] = scratch[place(item, digit, 2u, i)];
      }
    }
    run(${ADD});
  }
  store(item, ${WINDOW}u);
}

@compute @workgroup_size(64)
fn finish(@builtin(global_invocation_id) id: vec3u) {
  let item = id.x;
  if (item >= count.x) {
    return;
  }
  for (var i = 0u; i < ${LIMBS}u; i++) {
    $x[i] = scratch[place(item, ${WINDOW}u, 0u, i)];
    $y[i] = scratch[place(item, ${WINDOW}u, 1u, i)];
    $z[i] = scratch[place(item, ${WINDOW}u, 2u, i)];
  }
  let at = item * ${RESULT_WORDS}u;
  var z = $z;
  if (is_zero(&z)) {
    results[at + 16u] = 0u;
  }
  run(${AFFINE});
  var coordinate = $x;
  for (var turn = 0u; turn < 2u; turn++) {
    coordinate = freeze(&coordinate);
    let words = to_words(&coordinate);
    for (var i = 0u; i < 8u; i++) {
      results[at + 8u * turn + i] = words[i];
    }
    coordinate = $y;
  }
}
`)

export const secp256k1Kernel: Kernel = {
  label: 'secp256k1',
  wgsl: WGSL,
  constants,
  itemWords: ITEM_WORDS,
  resultWords: RESULT_WORDS,
  // Multiples 0 to 15 of the item's point, and the sum.
  scratchWords: (WINDOW + 1) * POINT,
}
