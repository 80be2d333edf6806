// Compute kernels as one edge function, for tests and the bench. Input: kernel (u32), size (u32). Output: eight bytes of checksum.

@external("zos", "write")
declare function write(pointer: usize, length: i32): void

export function alloc(length: i32): usize {
  return heap.alloc(length)
}

function sha256(rounds: i32): u64 {
  const k = heap.alloc(256)
  // Any constants will do for the time; these are the fractional bits of a recurrence.
  let seed: u32 = 0x428a2f98
  for (let i = 0; i < 64; i++) {
    store<u32>(k + (<usize>i << 2), seed)
    seed = seed * 1664525 + 1013904223
  }
  const w = heap.alloc(256)
  let h0: u32 = 0x6a09e667, h1: u32 = 0xbb67ae85, h2: u32 = 0x3c6ef372, h3: u32 = 0xa54ff53a
  let h4: u32 = 0x510e527f, h5: u32 = 0x9b05688c, h6: u32 = 0x1f83d9ab, h7: u32 = 0x5be0cd19
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < 16; i++) store<u32>(w + (<usize>i << 2), h0 + i * round)
    for (let i = 16; i < 64; i++) {
      const a = load<u32>(w + (<usize>(i - 15) << 2))
      const b = load<u32>(w + (<usize>(i - 2) << 2))
      const s0 = rotr<u32>(a, 7) ^ rotr<u32>(a, 18) ^ (a >>> 3)
      const s1 = rotr<u32>(b, 17) ^ rotr<u32>(b, 19) ^ (b >>> 10)
      store<u32>(w + (<usize>i << 2), load<u32>(w + (<usize>(i - 16) << 2)) + s0 + load<u32>(w + (<usize>(i - 7) << 2)) + s1)
    }
    let a = h0, b = h1, c = h2, d = h3, e = h4, f = h5, g = h6, h = h7
    for (let i = 0; i < 64; i++) {
      const s1 = rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)
      const t1 = h + s1 + ((e & f) ^ (~e & g)) + load<u32>(k + (<usize>i << 2)) + load<u32>(w + (<usize>i << 2))
      const s0 = rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)
      const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c))
      h = g; g = f; f = e; e = d + t1; d = c; c = b; b = a; a = t1 + t2
    }
    h0 += a; h1 += b; h2 += c; h3 += d; h4 += e; h5 += f; h6 += g; h7 += h
  }
  return (<u64>(h0 ^ h2 ^ h4 ^ h6) << 32) | (h1 ^ h3 ^ h5 ^ h7)
}

function sieve(size: i32): u64 {
  const flags = heap.alloc(size)
  memory.fill(flags, 1, size)
  let count: u64 = 0
  for (let i = 2; i < size; i++) {
    if (load<u8>(flags + i) == 0) continue
    count++
    for (let j = i * 2; j < size; j += i) store<u8>(flags + j, 0)
  }
  return count
}

function matrix(n: i32): u64 {
  const a = heap.alloc(n * n * 8), b = heap.alloc(n * n * 8), c = heap.alloc(n * n * 8)
  for (let i = 0; i < n * n; i++) {
    store<f64>(a + (<usize>i << 3), <f64>(i % 13) - 6.5)
    store<f64>(b + (<usize>i << 3), <f64>(i % 7) + 0.25)
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0.0
      for (let l = 0; l < n; l++) sum += load<f64>(a + (<usize>(i * n + l) << 3)) * load<f64>(b + (<usize>(l * n + j) << 3))
      store<f64>(c + (<usize>(i * n + j) << 3), sum)
    }
  }
  let check: u64 = 0
  for (let i = 0; i < n * n; i++) check = rotl(check, 5) ^ load<u64>(c + (<usize>i << 3))
  return check
}

function crc32(size: i32): u64 {
  const table = heap.alloc(1024)
  for (let i: u32 = 0; i < 256; i++) {
    let c = i
    for (let j = 0; j < 8; j++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
    store<u32>(table + (<usize>i << 2), c)
  }
  let crc: u32 = 0xffffffff
  for (let i = 0; i < size; i++) crc = load<u32>(table + (<usize>((crc ^ i) & 0xff) << 2)) ^ (crc >>> 8)
  return ~crc
}

function distance(n: i32): u64 {
  const row = heap.alloc((n + 1) * 4)
  for (let j = 0; j <= n; j++) store<i32>(row + (<usize>j << 2), j)
  for (let i = 1; i <= n; i++) {
    let diagonal = i - 1
    store<i32>(row, i)
    for (let j = 1; j <= n; j++) {
      const above = load<i32>(row + (<usize>j << 2))
      const left = load<i32>(row + (<usize>(j - 1) << 2))
      let best = min(above, left) + 1
      const change = diagonal + ((i * 7) % 11 == (j * 5) % 11 ? 0 : 1)
      if (change < best) best = change
      store<i32>(row + (<usize>j << 2), best)
      diagonal = above
    }
  }
  return load<i32>(row + (<usize>n << 2))
}

function mandelbrot(n: i32): u64 {
  let total: u64 = 0
  for (let y = 0; y < n; y++) {
    for (let x = 0; x < n; x++) {
      const cr = (2.0 * x) / n - 1.5, ci = (2.0 * y) / n - 1.0
      let zr = 0.0, zi = 0.0, i = 0
      for (; i < 100; i++) {
        const r2 = zr * zr, i2 = zi * zi
        if (r2 + i2 > 4.0) break
        zi = 2.0 * zr * zi + ci
        zr = r2 - i2 + cr
      }
      total += i
    }
  }
  return total
}

function quicksort(data: usize, low: i32, high: i32): void {
  if (low >= high) return
  const pivot = load<u32>(data + (<usize>((low + high) >>> 1) << 2))
  let i = low, j = high
  while (i <= j) {
    while (load<u32>(data + (<usize>i << 2)) < pivot) i++
    while (load<u32>(data + (<usize>j << 2)) > pivot) j--
    if (i > j) break
    const swap = load<u32>(data + (<usize>i << 2))
    store<u32>(data + (<usize>i << 2), load<u32>(data + (<usize>j << 2)))
    store<u32>(data + (<usize>j << 2), swap)
    i++
    j--
  }
  quicksort(data, low, j)
  quicksort(data, i, high)
}

function sort(n: i32): u64 {
  const data = heap.alloc(n * 4)
  let seed: u32 = 1
  for (let i = 0; i < n; i++) {
    seed = seed * 1664525 + 1013904223
    store<u32>(data + (<usize>i << 2), seed)
  }
  quicksort(data, 0, n - 1)
  let check: u64 = 0
  for (let i = 0; i < n; i++) check = rotl(check, 3) ^ load<u32>(data + (<usize>i << 2))
  return check
}

function fibonacci(n: i32): u64 {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2)
}

export function handle(input: usize, length: i32): i32 {
  if (length != 8) return 1
  const kernel = load<u32>(input)
  const size = load<u32>(input, 4)
  let result: u64
  switch (kernel) {
    case 0: result = sha256(size); break
    case 1: result = sieve(size); break
    case 2: result = matrix(size); break
    case 3: result = crc32(size); break
    case 4: result = distance(size); break
    case 5: result = mandelbrot(size); break
    case 6: result = sort(size); break
    case 7: result = fibonacci(size); break
    default: return 2
  }
  const out = heap.alloc(8)
  store<u64>(out, result)
  write(out, 8)
  return 0
}
