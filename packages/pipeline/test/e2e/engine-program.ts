/** Reads keys, one of them found only by reading, and writes mixes of all: a wrong or stale read changes everything after it. */
export interface Program {
  readonly id: number
  readonly reads: readonly string[]
  readonly writes: readonly string[]
  readonly indirect: boolean
}

export function run(
  program: Program,
  read: (key: string) => number | undefined,
  write: (key: string, value: number) => void,
): number {
  if (program.id === 666) throw new Error('the machine broke')
  let sum = program.id
  for (const key of program.reads) sum = (sum * 31 + (read(key) ?? 7)) | 0
  if (program.indirect) sum = (sum * 31 + (read(`k${Math.abs(sum) % 12}`) ?? 7)) | 0
  for (const key of program.writes) {
    sum = (sum * 17 + 1) | 0
    write(key, sum)
  }
  return sum
}
