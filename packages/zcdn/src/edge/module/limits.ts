/**
 * What a function's module may have at most. They are part of the execution profile: a module that one runner accepts, every runner accepts,
 * so that they belong to the results' meaning. Engines allow more everywhere (the JS API's own limits are 2 to 100 times these).
 */
export const MODULE_LIMITS = {
  /** Bytes of the whole module: the compiler's work, and what is held by CID. */
  moduleBytes: 4 << 20,
  /** Bytes of one function body: optimising compilers take more than linear time. */
  bodyBytes: 256 << 10,
  functions: 10_000,
  types: 1_000,
  /** Parameters of a type. */
  params: 32,
  /** Results of a type (multi-value). */
  results: 8,
  /** Parameters and locals of one function: the engine clears them at each call. */
  locals: 1_024,
  /** Blocks within blocks: parsers and compilers recurse. */
  nesting: 256,
  /** Targets of one `br_table`. */
  branchTargets: 8_192,
  globals: 1_000,
  exports: 1_000,
  imports: 100,
  dataSegments: 1_000,
  elementSegments: 1_000,
  /** Entries of the table: one word each, and made anew for each run. */
  tableEntries: 10_000,
  customSections: 100,
  /** Bytes of a name of an import or export. */
  nameBytes: 256,
  /** Pages of 64 KiB that a profile may grant. */
  memoryPages: 4_096,
  /** Slots of eight bytes that active calls may hold together; see `metering/stack.ts`. */
  stackSlots: 32_768,
} as const
