// Functions that engines are most likely to differ on: the end of the stack, NaNs, memory that does not grow.
import { handleModule, I32, I64, i32Const } from './assemble.ts'

const nan32 = [0x43, 0, 0, 0, 0, 0x43, 0, 0, 0, 0, 0x95]
const nan64 = [0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0xa3]
const deep = Array.from({ length: 900 }, () => [0x20, 0]).flat()
const sum = Array.from({ length: 900 }, () => [0x6a]).flat()
/** Counts its calls in memory and answers at the last one before the given depth: `n` calls fit. */
const fits = (n: number) => [
  ...[...i32Const(0), ...i32Const(0), 0x28, 2, 0, ...i32Const(1), 0x6a, 0x36, 2, 0],
  ...[
    ...i32Const(0),
    0x28,
    2,
    0,
    ...i32Const(n),
    0x48,
    0x04,
    I32,
    0x20,
    0,
    0x20,
    1,
    0x10,
    1,
    0x05,
    ...i32Const(7),
    0x0b,
  ],
]

export const SUSPECTS: readonly Uint8Array[] = [
  handleModule([0x20, 0, 0x20, 1, 0x10, 1]),
  handleModule([...deep, 0x20, 0, 0x20, 1, 0x10, 1, ...sum], { locals: new Array(900).fill(I64) }),
  handleModule([0x20, 0, 0x20, 1, ...i32Const(0), 0x11, 1, 0], { table: [1] }),
  handleModule([0x03, 0x40, 0x0b, 0x20, 0, 0x20, 1, 0x10, 1]),
  handleModule(fits(200)),
  handleModule(fits(100_000)),
  handleModule([...nan32, 0xbc]),
  handleModule([...nan32, 0x8c, 0xbc]),
  handleModule([...nan64, 0x9a, 0xbd, 0x42, 32, 0x88, 0xa7]),
  handleModule([0x43, 0, 0, 0x80, 0x3f, ...nan32, 0x98, 0xa8]),
  handleModule([...i32Const(100_000), 0x40, 0]),
  handleModule([...i32Const(15), 0x40, 0]),
  handleModule([...i32Const(1), ...i32Const(0), 0x6e]),
  handleModule([...i32Const(-4), 0x28, 2, 0]),
]
