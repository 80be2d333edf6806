/** Osaka's rules (EIP-7825: at most 2^24 gas a transaction). */
export const MAX_TRANSACTION_GAS = 16_777_216n
