// What two engines are compared by: every kernel, run a few times, so that different tiers of a compiler run it too.
import { prepareFunction, type RunOutcome, rawCid, runFunction } from '../../src/edge/index.ts'

/** Size of each kernel of `assembly/edge-kernels.ts`. */
export const SIZES = [300, 100_000, 48, 200_000, 200, 60, 20_000, 18]

export const kernelInput = (kernel: number, size: number): Uint8Array =>
  new Uint8Array(Uint32Array.of(kernel, size).buffer)

/** One line a run: kernel, status, fuel, CID of the output; and the fuel at which calls are too deep. */
export async function fingerprint(kernels: Uint8Array, hostile: readonly Uint8Array[]): Promise<string[]> {
  const lines: string[] = []
  const contents = new Map<string, Uint8Array>()
  const prepared = prepareFunction(kernels, 256)
  for (let round = 0; round < 3; round++) {
    for (const [kernel, size] of SIZES.entries()) {
      const request = { input: kernelInput(kernel, size), fuel: 1e10, contents }
      const { status, fuel, output } = runFunction(prepared, request) as RunOutcome
      lines.push(`${kernel} ${status} ${fuel} ${await rawCid(output)}`)
      // One unit less than it takes, and half of it.
      for (const less of [fuel - 1, Math.floor(fuel / 2)])
        lines.push(`${kernel} ${runFunction(prepared, { ...request, fuel: less }).status}`)
    }
  }
  for (const [i, source] of hostile.entries()) {
    const outcome = runFunction(prepareFunction(source, 16), {
      input: new Uint8Array(0),
      fuel: 1e8,
      contents,
    }) as RunOutcome
    lines.push(`hostile ${i} ${outcome.status} ${outcome.fuel} ${outcome.exitCode}`)
  }
  return lines
}
