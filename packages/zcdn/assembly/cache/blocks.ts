// Blocks of memory in sizes of powers of two. What is freed is given out again for the same size; nothing is joined, for the tables of caches
// grow by doubling.

const LEAST_SHIFT: i32 = 7
const PAGE_SHIFT: i32 = 16
/** How many pages it asks for at once, if there are so many: each time costs a call of the system. */
const PAGES: i32 = 64

/** The first free block of each size, 0: none. */
const firstFree = memory.data(32 * 4, 16)
let end: usize = 0

// @ts-ignore: decorator
@inline
function shiftOf(bytes: i32): i32 {
  return max(LEAST_SHIFT, 32 - clz(bytes - 1))
}

/** The address of a block of at least so many bytes, at the beginning of a line. What is in it is not said. 0 when there is no more memory. */
export function allocate(bytes: i32): usize {
  const shift = shiftOf(bytes)
  const list = firstFree + (<usize>shift << 2)
  const block = load<usize>(list)
  if (block !== 0) {
    store<usize>(list, load<usize>(block))
    return block
  }
  if (end === 0) end = (__heap_base + 127) & ~127
  const begin = end
  const after = begin + (<usize>1 << <usize>shift)
  if (after < begin) return 0
  const pages = <i32>((after - 1) >>> PAGE_SHIFT) + 1 - memory.size()
  if (pages > 0 && memory.grow(max(pages, PAGES)) < 0 && memory.grow(pages) < 0) return 0
  end = after
  return begin
}

/** Gives a block of {@link allocate} back, with the size that was asked for. */
export function free(block: usize, bytes: i32): void {
  if (block === 0) return
  const list = firstFree + (<usize>shiftOf(bytes) << 2)
  store<usize>(block, load<usize>(list))
  store<usize>(list, block)
}
