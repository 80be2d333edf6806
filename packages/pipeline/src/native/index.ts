export {
  type DecodedNativeTransfer,
  decodeNativeTransfer,
  encodeNativeTransfer,
  NATIVE_TRANSFER_BYTES,
  NATIVE_TRANSFER_TYPE,
  type NativeTransfer,
  type NativeTransferFields,
  nativeTransferId,
} from './native-transfer.ts'
export { type KeyHolder, signNativeTransfer } from './sign.ts'
