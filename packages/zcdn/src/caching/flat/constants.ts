// Figures of the default cache, shared by its two forms: demand-cache.ts, and assembly/cache/demand-cache.ts, which is compiled from this very file.

/** Low bits of a slot's `meta`: hits since the last chance (3), queue (2), uses remembered (4), the epoch of these (23). */
export const MARK = 7
export const WHERE = 24
export const SMALL = 8
export const MAIN = 16
/** Deleted; it is freed when its queue comes to it. */
export const DEAD = 24
/** Free, and its value has gone in this operation. */
export const EVICTED = 1
export const USES_SHIFT = 5
export const MOST_USES = 15
export const EPOCH_SHIFT = 9
export const EPOCHS = 8388608

export const FIRST_ROWS = 64
/** Places of the table for each slot: so few collisions that the first look decides nearly always, which a processor can foretell. */
export const TABLE_PER_ROW = 4
/** Ghosts for each slot, and of one bucket; two words each. */
export const GHOSTS_PER_ROW = 4
export const WAYS = 4
/** So many keys are not side by side in the table by chance: someone has chosen them, or the quick hash does not see where they differ. */
export const LONGEST_RUN = 64
/** Deleted slots may stand in the queues, so many more than live ones. */
export const SPARE_DEAD = 64

/** First share of the capacity for newcomers (S3-FIFO's figure), and between which it moves. */
export const SMALL_SHARE = 0.1
export const LEAST_SMALL_SHARE = 0.01
export const MOST_SMALL_SHARE = 0.3
/** How far one hit moves it, as a share of the value's size. */
export const ADAPT_STEP = 0.5
/** Parts of the capacity by which ghosts tell the time; 16 bits of it are kept. */
export const TICKS = 2048
/** Ghosts older than this are none: 2.4 capacities have left the small queue since. */
export const GHOST_TICKS = 4915
/** Hits in the small queue that earn a place in the main queue; no more are counted. */
export const PROMOTE_AT = 5
/** Uses that are remembered halve after this many an entry: old demand fades. */
export const USES_PER_EPOCH = 1.5
export const LEAST_ENTRIES = 64
/** More uses than this above the victim's are clearly more demand: the use that brings a ghost back is one itself. */
export const CLEAR_LEAD = 1
/** Of about equal demand every fourth may enter: in a loop all are equal, and most of the main queue must then stay as it is. */
export const TIES_PER_ENTRY = 4
