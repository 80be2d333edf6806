/** Most bytes of a contract (EIP-170). */
export const MAX_CONTRACT_BYTES = 24_576
/** Most bytes of creation code with its arguments (EIP-3860). */
export const MAX_CREATION_BYTES = 49_152
/** Most gas of a transaction (EIP-7825). */
export const MAX_TRANSACTION_GAS = 16_777_216
