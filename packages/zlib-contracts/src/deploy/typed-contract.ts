/** The functions of an ABI as ethers has them, inferred from an ABI that is `as const`: nothing is generated. */
import type {
  AddressLike,
  BaseContract,
  BigNumberish,
  BytesLike,
  ContractTransaction,
  ContractTransactionResponse,
  Contract as EthersContract,
  Overrides,
} from 'ethers'

interface Parameter {
  readonly type: string
  readonly components?: readonly Parameter[]
}

interface FunctionEntry {
  readonly type: 'function'
  readonly name: string
  readonly inputs: readonly Parameter[]
  readonly outputs: readonly Parameter[]
  readonly stateMutability: string
}

type Functions<Abi extends readonly unknown[]> = Extract<Abi[number], FunctionEntry>

/** What may be passed for a parameter. */
type Input<P extends Parameter> = P['type'] extends `${infer Base}[${string}]`
  ? readonly Input<P & { readonly type: Base }>[]
  : P['type'] extends 'address'
    ? AddressLike
    : P['type'] extends 'bool'
      ? boolean
      : P['type'] extends 'string'
        ? string
        : P['type'] extends `${'uint' | 'int'}${string}`
          ? BigNumberish
          : P['type'] extends `bytes${string}`
            ? BytesLike
            : unknown

/** What ethers gives for a result. */
type Output<P extends Parameter> = P['type'] extends `${string}[${string}]`
  ? // biome-ignore lint/suspicious/noExplicitAny: ethers' results of structs and arrays are arrays with names
    any
  : P['type'] extends 'address' | 'string' | `bytes${string}`
    ? string
    : P['type'] extends 'bool'
      ? boolean
      : P['type'] extends `${'uint' | 'int'}${string}`
        ? bigint
        : // biome-ignore lint/suspicious/noExplicitAny: as above
          any

type Inputs<Ps extends readonly Parameter[]> = { [K in keyof Ps]: Input<Ps[K]> }
type Outputs<Ps extends readonly Parameter[]> = Ps extends readonly []
  ? undefined
  : Ps extends readonly [infer Only extends Parameter]
    ? Output<Only>
    : { [K in keyof Ps]: Ps[K] extends Parameter ? Output<Ps[K]> : never }

/** One function of a contract. */
interface Method<F extends FunctionEntry> {
  (
    ...args: [...Inputs<F['inputs']>, overrides?: Overrides]
  ): Promise<F['stateMutability'] extends 'view' | 'pure' ? Outputs<F['outputs']> : ContractTransactionResponse>
  staticCall(...args: [...Inputs<F['inputs']>, overrides?: Overrides]): Promise<Outputs<F['outputs']>>
  send(...args: [...Inputs<F['inputs']>, overrides?: Overrides]): Promise<ContractTransactionResponse>
  estimateGas(...args: [...Inputs<F['inputs']>, overrides?: Overrides]): Promise<bigint>
  populateTransaction(...args: [...Inputs<F['inputs']>, overrides?: Overrides]): Promise<ContractTransaction>
}

/**
 * An ethers contract whose functions have the types of `Abi`, when it is a constant (`zlib build --types` writes one); a plain ethers contract for
 * an ABI that is only known at run time. Structs and arrays come as ethers' results.
 */
export type TypedContract<Abi extends readonly unknown[]> = number extends Abi['length']
  ? EthersContract
  : Omit<BaseContract, Functions<Abi>['name']> & {
      readonly [Name in Functions<Abi>['name']]: Method<Extract<Functions<Abi>, { readonly name: Name }>>
    }
