// Figures of the default cache, shared by its two forms: demand-cache.ts, and assembly/cache/demand-cache.ts, which is compiled from this very file.

/** Low bits of a slot's `meta`: hits since the last chance (3), queue (3), uses remembered (4), the epoch of these (22). */
export const MARK = 7
export const WHERE = 56
export const SMALL = 8
export const MAIN = 16
/** In the room that the main queue does not need yet. */
export const SPARE = 32
/** Deleted; it is freed when its queue comes to it. */
export const DEAD = 56
/** Free, and its value has gone in this operation. */
export const EVICTED = 1
export const USES_SHIFT = 6
export const MOST_USES = 15
export const EPOCH_SHIFT = 10
export const EPOCHS = 4194304

/** A ghost's word: its clock (16 bits), the epoch of its uses (11), whether it was {@link TRIED} (1), and uses (4, never 0). */
export const GHOST_TICKS_SHIFT = 16
export const GHOST_EPOCH_SHIFT = 5
export const GHOST_EPOCH = 2047
export const TRIED = 16

export const FIRST_ROWS = 64
/** Places of the table for each slot: so few collisions that the first look decides nearly always, which a processor can foretell. */
export const TABLE_PER_ROW = 4
/** Ghosts for each slot, and of one bucket; two words each. Four for each slot gain 0.1 points, cost 4 % of the time and hit less in loops (docs/cache.md). */
export const GHOSTS_PER_ROW = 2
export const WAYS = 4
/** So many keys are not side by side in the table by chance: someone has chosen them, or the quick hash does not see where they differ. */
export const LONGEST_RUN = 64
/** Deleted slots may stand in the queues, so many more than live ones. */
export const MORE_DEAD = 64

/** First share of the capacity for newcomers (S3-FIFO's figure), and between which it moves. */
export const SMALL_SHARE = 0.1
export const LEAST_SMALL_SHARE = 0.01
export const MOST_SMALL_SHARE = 0.25
/** How far a ghost that returns soon enlarges it, and a hit in the main queue makes it smaller, as shares of a value's size. */
export const GROW_STEP = 0.25
export const SHRINK_STEP = 0.1
/** So many hits are counted before they make it smaller, at once: a processor can then foretell that they do not. */
export const HITS_PER_SHRINK = 64
/** Parts of the capacity by which ghosts tell the time; 16 bits of it are kept. */
export const TICKS = 2048
/** Ghosts older than this are none: four capacities have gone by since. */
export const GHOST_TICKS = 8192
/** Hits in the small queue that earn a place in the main queue; no more are counted. */
export const PROMOTE_AT = 5
/** Hits in the spare queue that do. */
export const KEEP_AT = 2
/** Uses that are remembered halve after this many an entry: old demand fades. */
export const USES_PER_EPOCH = 2
export const LEAST_ENTRIES = 64
/** More uses than this above the victim's are clearly more demand: the use that brings a ghost back is one itself. */
export const CLEAR_LEAD = 1
/** What is larger than the victim, and so drives out more than one, needs so many uses more. */
export const LARGER_LEAD = 2
/** Of about equal demand every eighth may enter: in a loop all are equal, and most of the main queue must then stay as it is. */
export const TIES_PER_ENTRY = 8
/** Every fourth look at a victim that was hit takes one of its hits: a loop looks more often than it hits. */
export const LOOKS_PER_MARK = 4

/** Of what leaves the small queue with a hit, those whose hash begins with 32 - 29 zeros are turned out in any case, to see whether they return. */
export const TRIAL_SHIFT = 29
/** Trials that are counted as lost at first, and after how many the counts are halved. */
export const FIRST_TRIALS = 16
export const MOST_TRIALS = 128
/** One hit is enough for the main queue while so many of so many return. */
export const ENOUGH_RETURNS = 2
export const OF_TRIALS = 5
