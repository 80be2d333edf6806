/** One entry of the state under its key in the store. */
export interface StateRecord {
  readonly key: string
  readonly value: Uint8Array
}
