/**
 * Arithmetic modulo a prime below 2^256 in WGSL, which has no number wider than 32 bits. An element (`Fe`) is twenty limbs of thirteen bits; limbs 0 and 2
 * may be up to 2^14.6, the others are below 2^13, and the value is not fully reduced: `freeze` does that. 2^260 is congruent to r0 + r2·2^26, by which what is above 2^260 is folded back.
 */
import { CAPACITY, LIMB_BITS, LIMBS, wgslLimbs } from './limbs.ts'

export interface PrimeField {
  readonly prime: bigint
  /** The prime is 2^`bits` − `excess`. */
  readonly bits: number
}

const LIMB = 1n << BigInt(LIMB_BITS)

/** A multiple of the prime whose every limb is at least that of any element: what is added before a subtraction. */
function padding(prime: bigint): string {
  const floor = 1n << 15n
  let all = 0n
  for (let i = 0; i < LIMBS; i++) all += floor << BigInt(LIMB_BITS * i)
  const rest = (prime - (all % prime)) % prime
  const limbs = Array.from({ length: LIMBS }, (_, i) => floor + ((rest >> BigInt(LIMB_BITS * i)) % LIMB))
  return `Fe(${limbs.map((limb) => `${limb}u`)})`
}

/** `2^shift` times `value`, as r0 + r2·2^26; both shaders' primes allow it. */
function folding(value: bigint): [r0: bigint, r2: bigint] {
  const r2 = value >> 26n
  return [value - (r2 << 26n), r2]
}

export function fieldWgsl({ prime, bits }: PrimeField): string {
  const excess = (1n << BigInt(bits)) - prime
  const [r0, r2] = folding(excess << BigInt(CAPACITY - bits))
  const [e0, e2] = folding(excess)
  const topBits = bits - LIMB_BITS * (LIMBS - 1)
  const two = r2 > 0n
  return /* wgsl */ `
alias Fe = array<u32, ${LIMBS}>;
const MASK = ${LIMB - 1n}u;
const PAD = ${padding(prime)};
const ONE = ${wgslLimbs(1n)};

/** Carries from limb to limb; gives what goes out at the top. */
fn carry(r: ptr<function, Fe>) -> u32 {
  var c = 0u;
  for (var i = 0u; i < ${LIMBS}u; i++) {
    let v = (*r)[i] + c;
    (*r)[i] = v & MASK;
    c = v >> ${LIMB_BITS}u;
  }
  return c;
}

/** Folds \`top\`·2^260, below 2^17, into \`r\`. */
fn fold(r: ptr<function, Fe>, top: u32) {
  (*r)[0] += ${r0}u * top;
  ${two ? `(*r)[2] += ${r2}u * top;` : ''}
  let t = carry(r);
  (*r)[0] += ${r0}u * t;
  ${two ? `(*r)[2] += ${r2}u * t;` : ''}
}

${mulWgsl(r0, r2)}
fn add(a: ptr<function, Fe>, b: ptr<function, Fe>) -> Fe {
  var r: Fe;
  for (var i = 0u; i < ${LIMBS}u; i++) {
    r[i] = (*a)[i] + (*b)[i];
  }
  let top = carry(&r);
  fold(&r, top);
  return r;
}

fn sub(a: ptr<function, Fe>, b: ptr<function, Fe>) -> Fe {
  var pad = PAD;
  var r: Fe;
  for (var i = 0u; i < ${LIMBS}u; i++) {
    r[i] = (*a)[i] + pad[i] - (*b)[i];
  }
  let top = carry(&r);
  fold(&r, top);
  return r;
}

/** \`n\` below 2^10. */
fn times(a: ptr<function, Fe>, n: u32) -> Fe {
  var r: Fe;
  for (var i = 0u; i < ${LIMBS}u; i++) {
    r[i] = (*a)[i] * n;
  }
  let top = carry(&r);
  fold(&r, top);
  return r;
}

/** The one representation below the prime. */
fn freeze(a: ptr<function, Fe>) -> Fe {
  var r = *a;
  let top = carry(&r);
  fold(&r, top);
  for (var turn = 0u; turn < 3u; turn++) {
    let above = r[${LIMBS - 1}] >> ${topBits}u;
    r[${LIMBS - 1}] &= ${(1 << topBits) - 1}u;
    r[0] += ${e0}u * above;
    ${e2 > 0n ? `r[2] += ${e2}u * above;` : ''}
    _ = carry(&r);
  }
  // At least the prime: adding the excess reaches 2^${bits}.
  var q = r;
  q[0] += ${e0}u;
  ${e2 > 0n ? `q[2] += ${e2}u;` : ''}
  _ = carry(&q);
  if (q[${LIMBS - 1}] >> ${topBits}u == 0u) {
    return r;
  }
  q[${LIMBS - 1}] &= ${(1 << topBits) - 1}u;
  return q;
}

fn is_zero(a: ptr<function, Fe>) -> bool {
  var r = freeze(a);
  var any = 0u;
  for (var i = 0u; i < ${LIMBS}u; i++) {
    any |= r[i];
  }
  return any == 0u;
}

fn equal(a: ptr<function, Fe>, b: ptr<function, Fe>) -> bool {
  var d = sub(a, b);
  return is_zero(&d);
}

/** From eight words, the least significant first. */
fn from_words(w: ptr<function, array<u32, 8>>) -> Fe {
  var r: Fe;
  for (var i = 0u; i < ${LIMBS}u; i++) {
    let bit = i * ${LIMB_BITS}u;
    let word = bit >> 5u;
    let shift = bit & 31u;
    var v = (*w)[word] >> shift;
    if (shift > ${32 - LIMB_BITS}u && word < 7u) {
      v |= (*w)[word + 1u] << (32u - shift);
    }
    r[i] = v & MASK;
  }
  return r;
}

/** Of a frozen element. */
fn to_words(a: ptr<function, Fe>) -> array<u32, 8> {
  var w: array<u32, 8>;
  for (var i = 0u; i < ${LIMBS}u; i++) {
    let bit = i * ${LIMB_BITS}u;
    let word = bit >> 5u;
    let shift = bit & 31u;
    w[word] |= (*a)[i] << shift;
    if (shift > ${32 - LIMB_BITS}u && word < 7u) {
      w[word + 1u] |= (*a)[i] >> (32u - shift);
    }
  }
  return w;
}
`
}

/** Written out limb by limb: with constant indices the limbs stay in registers. */
function mulWgsl(r0: bigint, r2: bigint): string {
  const each = (count: number, line: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => line(i)).join('\n')
  const columns = 2 * LIMBS - 1
  const column = (k: number) =>
    Array.from({ length: LIMBS }, (_, i) => i)
      .filter((i) => k - i >= 0 && k - i < LIMBS)
      .map((i) => `a${i} * b${k - i}`)
      .join(' + ')
  const folded = (i: number) =>
    [`c${i}`, `${r0}u * c${i + LIMBS}`, ...(r2 > 0n && i >= 2 ? [`${r2}u * c${i + LIMBS - 2}`] : [])].join(' + ')
  return /* wgsl */ `
fn mul(a: ptr<function, Fe>, b: ptr<function, Fe>) -> Fe {
${each(LIMBS, (i) => `  let a${i} = (*a)[${i}]; let b${i} = (*b)[${i}];`)}
  var k = 0u;
${each(columns, (k) => `  k += ${column(k)}; let c${k} = k & MASK; k >>= ${LIMB_BITS}u;`)}
  let c${columns} = k;
  k = 0u;
${each(LIMBS, (i) => `  k += ${folded(i)}; var d${i} = k & MASK; k >>= ${LIMB_BITS}u;`)}
${
  r2 > 0n
    ? /* wgsl */ `  // Three limbs are above the twenty now.
  k += ${r2}u * c${columns - 1};
  let t0 = k & MASK;
  k = (k >> ${LIMB_BITS}u) + ${r2}u * c${columns};
  let t1 = k & MASK;
  let t2 = k >> ${LIMB_BITS}u;
  d0 += ${r0}u * t0;
  d1 += ${r0}u * t1;
  d2 += ${r0}u * t2 + ${r2}u * t0;
  d3 += ${r2}u * t1;
  d4 += ${r2}u * t2;`
    : `  d0 += ${r0}u * k;`
}
  k = 0u;
${each(LIMBS, (i) => `  k += d${i}; d${i} = k & MASK; k >>= ${LIMB_BITS}u;`)}
  return Fe(d0 + ${r0}u * k, d1, ${r2 > 0n ? `d2 + ${r2}u * k` : 'd2'}, ${Array.from({ length: LIMBS - 3 }, (_, i) => `d${i + 3}`).join(', ')});
}
`
}
