/** Addresses up to this one are, or may become, precompiles and native contracts: a transfer to them has to be executed. */
export const LAST_RESERVED_ADDRESS = `0x${'00'.repeat(18)}ffff`
