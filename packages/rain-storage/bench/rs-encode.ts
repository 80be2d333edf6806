// Reed–Solomon encode and worst-loss rebuild in MB of data per CPU-second, 1 MiB shards, against npm's WebAssembly coders and,
// where gcc and ISA-L are installed, against ISA-L.
import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createErasureCode } from '@zos/rain-storage'
import { printMetric } from '../../../scripts/metric.ts'

const require = createRequire(import.meta.url)
const compiler = process.env.CC ?? 'gcc'
const quick = process.argv.includes('--quick')
const SHARD = quick ? 256 * 1024 : 1024 * 1024
const ROUNDS = quick ? 3 : 5

function report(metric: string, value: number, peer: string | null = null, peerValue: number | null = null): void {
  printMetric({ bench: 'rs-encode', metric, value, unit: 'MB/cpu-s', peer, peerValue })
}

/** Best of several rounds in MB per CPU-second; each round lasts about 100 ms of CPU. */
function measure(bytes: number, work: () => void): number {
  work()
  let best = 0
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage()
    let times = 0
    let used = 0
    do {
      work()
      times++
      const { user, system } = process.cpuUsage(start)
      used = user + system
    } while (used < 100_000)
    best = Math.max(best, (bytes * times) / used)
  }
  return best
}

interface Subspace {
  ReedSolomonErasure: { fromCurrentDirectory(): Promise<{ encode(shards: Uint8Array, k: number, m: number): number }> }
}

async function subspace(k: number, n: number, data: Uint8Array): Promise<number> {
  const { ReedSolomonErasure } = require('@subspace/reed-solomon-erasure.wasm') as Subspace
  const coder = await ReedSolomonErasure.fromCurrentDirectory()
  const shards = new Uint8Array(n * SHARD)
  shards.set(data)
  return measure(data.length, () => {
    if (coder.encode(shards, k, n - k) !== 0) throw new Error('peer failed')
  })
}

function wasmErasure(k: number, n: number, data: Uint8Array): number {
  const coder = require('wasm-reed-solomon-erasure') as { encode(data: Uint8Array[], parity: number): unknown }
  const shards = Array.from({ length: k }, (_, j) => data.slice(j * SHARD, (j + 1) * SHARD))
  return measure(data.length, () => void coder.encode(shards, n - k))
}

/** Compiles and runs a small ISA-L program; prints MB per CPU-second and the first parity bytes, which must equal those of our Cauchy construction. */
function isal(k: number, n: number): number | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'zos-isal-'))
  try {
    writeFileSync(join(folder, 'b.c'), ISAL)
    execFileSync(compiler, ['-O2', 'b.c', '-o', 'b', '-lisal'], { cwd: folder, stdio: 'ignore' })
    const out = execFileSync(join(folder, 'b'), [String(k), String(n), String(SHARD)], {
      cwd: folder,
      encoding: 'utf8',
    })
    const [speed, ...parity] = out.trim().split(' ')
    const data = Array.from({ length: k }, (_, j) =>
      Uint8Array.from({ length: 64 }, (_, i) => (i * 31 + j * 7 + 1) & 255),
    )
    const ours = createErasureCode({ dataShards: k, totalShards: n, construction: 'cauchy' }).encode(data)
    parity.forEach((byte, r) => {
      if (ours[r]![5] !== Number(byte)) throw new Error(`parity row ${r} differs from ISA-L`)
    })
    return Number(speed)
  } catch (error) {
    if (error instanceof Error && error.message.includes('differs')) throw error
    return undefined
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const ISAL = `
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <isa-l.h>
int main(int c, char **v) {
  int k = atoi(v[1]), n = atoi(v[2]), len = atoi(v[3]), m = n - k;
  unsigned char *a = malloc(n * k), *t = malloc(32 * k * m), **d = malloc(sizeof(void *) * k), **p = malloc(sizeof(void *) * m);
  gf_gen_cauchy1_matrix(a, n, k); ec_init_tables(k, m, a + k * k, t);
  for (int j = 0; j < k; j++) { posix_memalign((void **)&d[j], 64, len); for (int i = 0; i < len; i++) d[j][i] = i * 31 + j * 7 + 1; }
  for (int j = 0; j < m; j++) posix_memalign((void **)&p[j], 64, len);
  double best = 0;
  for (int r = 0; r < 5; r++) {
    clock_t s = clock(); int times = 0;
    do { ec_encode_data(len, k, m, t, d, p); times++; } while (clock() - s < CLOCKS_PER_SEC / 10);
    double mb = (double)k * len * times / ((double)(clock() - s) / CLOCKS_PER_SEC) / 1e6; if (mb > best) best = mb;
  }
  printf("%f", best); for (int r = 0; r < m; r++) printf(" %d", p[r][5]); printf("\\n");
}`

for (const [k, n] of [
  [10, 16],
  [29, 80],
] as const) {
  const data = new Uint8Array(k * SHARD)
  randomFillSync(data)
  const shards = Array.from({ length: k }, (_, j) => data.subarray(j * SHARD, (j + 1) * SHARD))
  const code = createErasureCode({ dataShards: k, totalShards: n })
  const parity = Array.from({ length: n - k }, () => new Uint8Array(SHARD))
  const ours = measure(data.length, () => void code.encode(shards, parity))
  const all = [...shards, ...parity]
  if (!code.verify(all)) throw new Error('the parity is wrong')
  const lossy = all.map((shard, i) => (i < Math.min(k, n - k) ? undefined : shard))
  const wanted = Array.from({ length: k }, (_, i) => i)
  const rebuilt = code.reconstruct(lossy, wanted)
  for (const i of wanted)
    if (Buffer.compare(rebuilt.get(i)!, shards[i]!) !== 0) throw new Error(`shard ${i} was rebuilt wrong`)
  const place = new Map(rebuilt)
  for (const i of wanted) place.set(i, new Uint8Array(SHARD))
  const decode = measure(data.length, () => void code.reconstruct(lossy, wanted, (i) => place.get(i)!))
  const peers = [await subspace(k, n, data), wasmErasure(k, n, data)]
  report(`${k}-${n}`, ours, 'best npm WASM coder', Math.max(...peers))
  report(`rebuild-${k}-${n}`, decode, 'own encode', ours)
  const native = isal(k, n)
  if (native === undefined) console.error(`ISA-L or gcc is not installed: isal-${k}-${n} left out`)
  else report(`isal-${k}-${n}`, ours, 'ISA-L', native)
}
