/**
 * [8](s·B − k·A − R) = 0 on edwards25519, one thread a signature, in three passes: both points and the multiples of −A, the ladder, the verdict. Points are
 * taken as ZIP-215 takes them: y may be p or more, and x = 0 may bear a sign. Additions and doublings are those of Hisil, Wong, Carter and Dawson (2008, §3.1 and
 * §3.3), complete on this curve.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { fieldWgsl } from './field-wgsl.ts'
import { headWgsl } from './head-wgsl.ts'
import { LIMBS, toLimbs, wgslLimbs } from './limbs.ts'
import { Code, PROGRAM_WGSL } from './program.ts'
import type { Kernel } from './runner.ts'

const { Fp, CURVE } = { Fp: ed25519.Point.Fp, CURVE: ed25519.Point.CURVE() }
const WINDOW = 16
const POINT = 4 * LIMBS
const SUM = WINDOW
const MINUS_R = WINDOW + 1
/** Words of an item: A, R, s, k (eight each, the least significant first), and 1 where there is nothing to do. */
const ITEM_WORDS = 33

const code = new Code()

/** For y: t = x / ±1 or a root of −1 beside, with v·x² = ±u. RFC 8032 §5.1.3, the power written out. */
const DECOMPRESS = code.program(`
a = y * y
u = a - one
v = a * d
v = v + one
a = v * v
b = a * v
c = b * b
c = c * v
k = u * c
t = k ^ 2 ^ 1
t = t * k
a = t ^ 2 ^ 2
a = a * t
a = a ^ 2 ^ 1
a = a * k
e = a ^ 2 ^ 5
e = e * a
f = e ^ 2 ^ 10
f = f * e
t = f ^ 2 ^ 20
t = t * f
t = t ^ 2 ^ 10
t = t * e
g = 1 t
h = t ^ 2 ^ 50
h = h * t
t = h ^ 2 ^ 100
t = t * h
t = t ^ 2 ^ 50
t = t * g
t = t ^ 2 ^ 2
t = t * k
b = b * u
x = t * b
t = x * x
t = t * v
c = zero - u
e = x * im`)
/** The opposite of (x, y), in extended coordinates. */
const OPPOSITE = code.program(`
x = zero - x
w = x * y
z = 1 one`)
const ADD = code.program(`
a = y - x
b = y2 - x2
a = a * b
b = y + x
c = y2 + x2
b = b * c
c = w * w2
c = c * dd
k = z * z2
k = k + k
e = b - a
f = k - c
g = k + c
h = b + a
x = e * f
y = g * h
w = e * h
z = f * g`)
const DOUBLE = code.program(`
a = x * x
b = y * y
c = z * z
c = c + c
e = x + y
e = e * e
e = e - a
e = e - b
g = b - a
f = g - c
h = a + b
h = zero - h
x = e * f
y = g * h
w = e * h
z = f * g`)

/** Programs, then multiples 0 to 15 of B in extended coordinates. */
function constants(): Uint32Array<ArrayBuffer> {
  const table = [0n, 1n, 1n, 0n].flatMap(toLimbs)
  for (let i = 1; i < WINDOW; i++) {
    const { x, y } = ed25519.Point.BASE.multiply(BigInt(i)).toAffine()
    table.push(...[x, y, 1n, Fp.mul(x, y)].flatMap(toLimbs))
  }
  return Uint32Array.from([...code.words, ...table])
}

const WGSL = code.registers.inWgsl(/* wgsl */ `
${headWgsl(POINT)}
${fieldWgsl({ prime: Fp.ORDER, bits: 255 })}
${PROGRAM_WGSL}
fn store(item: u32, entry: u32) {
  for (var i = 0u; i < ${LIMBS}u; i++) {
    scratch[place(item, entry, 0u, i)] = $x[i];
    scratch[place(item, entry, 1u, i)] = $y[i];
    scratch[place(item, entry, 2u, i)] = $z[i];
    scratch[place(item, entry, 3u, i)] = $w[i];
  }
}

fn load_second(item: u32, entry: u32) {
  for (var i = 0u; i < ${LIMBS}u; i++) {
    $x2[i] = scratch[place(item, entry, 0u, i)];
    $y2[i] = scratch[place(item, entry, 1u, i)];
    $z2[i] = scratch[place(item, entry, 2u, i)];
    $w2[i] = scratch[place(item, entry, 3u, i)];
  }
}

fn identity() {
  $x = Fe();
  $y = ONE;
  $z = ONE;
  $w = Fe();
}

fn set_constants() {
  $zero = Fe();
  $one = ONE;
  $d = ${wgslLimbs(CURVE.d)};
  $dd = ${wgslLimbs(Fp.add(CURVE.d, CURVE.d))};
  $im = ${wgslLimbs(Fp.sqrt(Fp.neg(1n)))};
}

@compute @workgroup_size(64)
fn prepare(@builtin(global_invocation_id) id: vec3u) {
  let item = id.x;
  if (item >= count.x) {
    return;
  }
  set_constants();
  var good = items[item * ${ITEM_WORDS}u + 32u] == 0u;
  // R first, so that A is at hand afterwards.
  for (var turn = 0u; turn < 2u; turn++) {
    var words: array<u32, 8>;
    for (var i = 0u; i < 8u; i++) {
      words[i] = items[item * ${ITEM_WORDS}u + select(8u, 0u, turn == 1u) + i];
    }
    let sign = words[7] >> 31u;
    words[7] &= 0x7fffffffu;
    $y = from_words(&words);
    run(${DECOMPRESS});
    var got = $t;
    var wanted = $u;
    var opposite = $c;
    if (!equal(&got, &wanted)) {
      good = good && equal(&got, &opposite);
      $x = $e;
    }
    var x = $x;
    x = freeze(&x);
    if ((x[0] & 1u) != sign) {
      var zero: Fe;
      $x = sub(&zero, &x);
    }
    run(${OPPOSITE});
    if (turn == 0u) {
      store(item, ${MINUS_R}u);
    }
  }
  results[item] = select(0u, 1u, good);
  $x2 = $x;
  $y2 = $y;
  $z2 = $z;
  $w2 = $w;
  identity();
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
  set_constants();
  identity();
  // Of each window: four doublings, a multiple of B, a multiple of −A.
  for (var turn = 0u; turn < 64u * 6u; turn++) {
    let bit = 252u - 4u * (turn / 6u);
    let phase = turn % 6u;
    if (phase < 4u) {
      run(${DOUBLE});
      continue;
    }
    let scalar = item * ${ITEM_WORDS}u + select(24u, 16u, phase == 4u);
    let digit = (items[scalar + (bit >> 5u)] >> (bit & 31u)) & 15u;
    if (phase == 4u) {
      for (var i = 0u; i < ${LIMBS}u; i++) {
        let at = ${code.words.length}u + digit * ${POINT}u + i;
        $x2[i] = constants[at];
        $y2[i] = constants[at + ${LIMBS}u];
        $z2[i] = constants[at + ${2 * LIMBS}u];
        $w2[i] = constants[at + ${3 * LIMBS}u];
      }
    } else {
      load_second(item, digit);
    }
    run(${ADD});
  }
  store(item, ${SUM}u);
}

@compute @workgroup_size(64)
fn finish(@builtin(global_invocation_id) id: vec3u) {
  let item = id.x;
  if (item >= count.x) {
    return;
  }
  set_constants();
  load_second(item, ${SUM}u);
  $x = $x2;
  $y = $y2;
  $z = $z2;
  $w = $w2;
  load_second(item, ${MINUS_R}u);
  run(${ADD});
  for (var i = 0u; i < 3u; i++) {
    run(${DOUBLE});
  }
  var x = $x;
  var y = $y;
  var z = $z;
  if (!is_zero(&x) || !equal(&y, &z)) {
    results[item] = 0u;
  }
}
`)

export const ed25519Kernel: Kernel = {
  label: 'ed25519',
  wgsl: WGSL,
  constants,
  itemWords: ITEM_WORDS,
  resultWords: 1,
  scratchWords: (WINDOW + 2) * POINT,
}
