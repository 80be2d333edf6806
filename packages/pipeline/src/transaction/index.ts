export {
  type DecodeOptions,
  decodeTransaction,
  MAX_ACCESS_LIST_ITEMS,
  MAX_AUTHORIZATIONS,
  MAX_INIT_CODE_BYTES,
  MAX_TRANSACTION_BYTES,
} from './decode.ts'
export type {
  AccessListEntry,
  Authorization,
  DecodedTransaction,
  Transaction,
  TransactionFault,
  TransactionSignature,
  TransactionType,
} from './transaction.ts'
