/** A variable, or a member of a struct. */
export interface Variable {
  readonly label: string
  /** Key of its type. */
  readonly type: string
  /** Decimal number of the slot; in a struct, from its first. */
  readonly slot: string
  /** Byte of the slot. */
  readonly offset: number
}

/** A type of solc's storage layout. */
export interface StorageType {
  readonly encoding: string
  readonly label: string
  readonly numberOfBytes: string
  readonly base?: string
  readonly key?: string
  readonly value?: string
  readonly members?: readonly Variable[]
}

/** The storage of a contract. */
export interface StorageLayout {
  readonly variables: readonly Variable[]
  readonly types: Readonly<Record<string, StorageType>>
  /** Key of the struct's type by namespace. */
  readonly namespaces: Readonly<Record<string, string>>
  /** Types of the namespaces. */
  readonly namespaceTypes: Readonly<Record<string, StorageType>>
  /** Members of each enum, by the label of its type. */
  readonly enums: Readonly<Record<string, readonly string[]>>
  /** Namespaces whose owner has a constant for the place that is another one. */
  readonly misplaced: readonly string[]
}
