/** Osaka's rules (EIP-7825: at most 2^24 gas a transaction). */
export const MAX_TRANSACTION_GAS = 16_777_216n
/** What every transaction costs, and all that a transfer to an account without code costs (Yellow Paper, appendix G). */
export const TRANSFER_GAS = 21_000n
