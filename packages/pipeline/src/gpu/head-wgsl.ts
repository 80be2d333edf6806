import { LIMBS } from './limbs.ts'

/** What every kernel's shader begins with: its buffers, the 32-bit words of an item, and where a limb of a kept point lies. */
export const headWgsl = (pointLimbs: number): string => /* wgsl */ `
@group(0) @binding(0) var<storage, read> items: array<u32>;
@group(0) @binding(1) var<storage, read_write> scratch: array<u32>;
@group(0) @binding(2) var<storage, read_write> results: array<u32>;
@group(0) @binding(3) var<storage, read> constants: array<u32>;
@group(0) @binding(4) var<uniform> count: vec4u;

/** Neighbouring threads read neighbouring words. */
fn place(item: u32, entry: u32, coordinate: u32, limb: u32) -> u32 {
  return (entry * ${pointLimbs}u + coordinate * ${LIMBS}u + limb) * count.x + item;
}
`
