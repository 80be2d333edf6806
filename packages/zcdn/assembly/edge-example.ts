// An edge function: counts the words of its input; or, when that is "cid:" and a CID, adds up the bytes of the content that it names.

@external("zos", "write")
declare function write(pointer: usize, length: i32): void
@external("zos", "log")
declare function log(pointer: usize, length: i32): void
@external("zos", "size")
declare function size(cid: usize, length: i32): i32
@external("zos", "read")
declare function read(cid: usize, length: i32, offset: i32, to: usize, count: i32): i32

export function alloc(length: i32): usize {
  return heap.alloc(length)
}

/** The sum of all bytes of the content that a CID names. */
function sum(cid: usize, length: i32): u32 {
  const bytes = size(cid, length)
  const buffer = heap.alloc(65536)
  let total: u32 = 0
  for (let at = 0; at < bytes; ) {
    const got = read(cid, length, at, buffer, 65536)
    for (let i = 0; i < got; i++) total += load<u8>(buffer + i)
    at += got
  }
  return total
}

export function handle(input: usize, length: i32): i32 {
  const out = heap.alloc(4)
  if (length > 4 && load<u32>(input) == 0x3a646963) {
    store<u32>(out, sum(input + 4, length - 4))
    write(out, 4)
    return 0
  }
  log(input, length)
  let words: u32 = 0
  let inside = false
  for (let i = 0; i < length; i++) {
    const space = load<u8>(input + i) <= 32
    if (!space && !inside) words++
    inside = !space
  }
  store<u32>(out, words)
  write(out, 4)
  return 0
}
