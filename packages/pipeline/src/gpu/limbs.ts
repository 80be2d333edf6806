/** Numbers as the shaders have them: twenty limbs of thirteen bits, so that a row of twenty products fits 32 bits. */
export const LIMBS = 20
export const LIMB_BITS = 13
const MASK = (1n << BigInt(LIMB_BITS)) - 1n
/** Bits that the limbs hold. */
export const CAPACITY = LIMBS * LIMB_BITS

export function toLimbs(value: bigint): number[] {
  return Array.from({ length: LIMBS }, (_, i) => Number((value >> BigInt(LIMB_BITS * i)) & MASK))
}

/** Limbs as the elements of a WGSL array. */
export const wgslLimbs = (value: bigint): string => `Fe(${toLimbs(value).map((limb) => `${limb}u`)})`
