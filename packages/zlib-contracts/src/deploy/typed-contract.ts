/** The functions, events and errors of an ABI as ethers has them, inferred from an ABI that is `as const`: nothing is generated. */
import type {
  BaseContract,
  BlockTag,
  ContractEventPayload,
  ContractTransaction,
  ContractTransactionResponse,
  DeferredTopicFilter,
  Contract as EthersContract,
  EventLog,
  Overrides,
} from 'ethers'
import type { Input, Inputs, NamedList, Outputs, Parameter, Signature, Values } from './abi-types.ts'

interface FunctionEntry {
  readonly type: 'function'
  readonly name: string
  readonly inputs: readonly Parameter[]
  readonly outputs: readonly Parameter[]
  readonly stateMutability: string
}

interface EventEntry {
  readonly type: 'event'
  readonly name: string
  readonly inputs: readonly (Parameter & { readonly indexed?: boolean })[]
}

interface ErrorEntry {
  readonly type: 'error'
  readonly name: string
  readonly inputs: readonly Parameter[]
}

type Functions<Abi extends readonly unknown[]> = Extract<Abi[number], FunctionEntry>
type Events<Abi extends readonly unknown[]> = Extract<Abi[number], EventEntry>
type Errors<Abi extends readonly unknown[]> = Extract<Abi[number], ErrorEntry>

/** One function of a contract. */
export interface Method<F extends FunctionEntry> {
  (
    ...args: [...Inputs<F['inputs']>, overrides?: Overrides]
  ): Promise<F['stateMutability'] extends 'view' | 'pure' ? Outputs<F['outputs']> : ContractTransactionResponse>
  staticCall(...args: [...Inputs<F['inputs']>, overrides?: Overrides]): Promise<Outputs<F['outputs']>>
  send(...args: [...Inputs<F['inputs']>, overrides?: Overrides]): Promise<ContractTransactionResponse>
  estimateGas(...args: [...Inputs<F['inputs']>, overrides?: Overrides]): Promise<bigint>
  populateTransaction(...args: [...Inputs<F['inputs']>, overrides?: Overrides]): Promise<ContractTransaction>
}

/** All of a union at once: an overloaded function takes what any of its forms takes. */
type All<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer Every) => void
  ? Every
  : never

type Overloads<F extends FunctionEntry> = All<F extends unknown ? Method<F> : never>

type FunctionsByName<Abi extends readonly unknown[]> = {
  readonly [Name in Functions<Abi>['name']]: Overloads<Extract<Functions<Abi>, { readonly name: Name }>>
}

type FunctionsBySignature<Abi extends readonly unknown[]> = {
  readonly [F in Functions<Abi> as Signature<F>]: Method<F>
}

/** What a filter may ask of an indexed argument: a value, several, or anything. Arguments that are not indexed cannot be asked for. */
type FilterArguments<Ps extends EventEntry['inputs']> = {
  readonly [K in keyof Ps]?: Ps[K] extends { readonly indexed: true }
    ? Input<Ps[K]> | readonly Input<Ps[K]>[] | null
    : null
}

/** A filter that remembers which event it is for. */
export interface EventFilter<E extends EventEntry> extends DeferredTopicFilter {
  /** Only in types. */
  readonly __event?: E
}

/** A log with the arguments of its event. */
export type TypedLog<E extends EventEntry> = Omit<EventLog, 'args'> & { readonly args: NamedList<E['inputs']> }

type EventNamed<Abi extends readonly unknown[], Name> = Extract<Events<Abi>, { readonly name: Name }>

type Listener<E extends EventEntry> = (...args: [...Values<E['inputs']>, payload: ContractEventPayload]) => void

/** What a contract does with its events. */
interface EventAccess<Abi extends readonly unknown[]> {
  readonly filters: {
    readonly [Name in Events<Abi>['name']]: (
      ...args: FilterArguments<EventNamed<Abi, Name>['inputs']>
    ) => EventFilter<EventNamed<Abi, Name>>
  }
  queryFilter<Name extends Events<Abi>['name']>(
    event: Name,
    fromBlock?: BlockTag,
    toBlock?: BlockTag,
  ): Promise<TypedLog<EventNamed<Abi, Name>>[]>
  queryFilter<E extends EventEntry>(
    filter: EventFilter<E>,
    fromBlock?: BlockTag,
    toBlock?: BlockTag,
  ): Promise<TypedLog<E>[]>
  on<Name extends Events<Abi>['name']>(event: Name, listener: Listener<EventNamed<Abi, Name>>): Promise<this>
  once<Name extends Events<Abi>['name']>(event: Name, listener: Listener<EventNamed<Abi, Name>>): Promise<this>
}

/** An error that a contract reverts with; Solidity's own two too. */
export type TypedRevert<Abi extends readonly unknown[]> =
  | (Errors<Abi> extends infer E
      ? E extends ErrorEntry
        ? { readonly name: E['name']; readonly args: NamedList<E['inputs']> }
        : never
      : never)
  | { readonly name: 'Error'; readonly args: readonly [reason: string] }
  | { readonly name: 'Panic'; readonly args: readonly [code: bigint] }

/**
 * An ethers contract whose functions and events have the types of `Abi`, when it is a constant (`zlib build --types` writes one); a plain
 * ethers contract for an ABI that is only known at run time. Overloads are told apart by their arguments, or by name with their
 * signature: `app['mint(address,uint256)']`.
 */
export type TypedContract<Abi extends readonly unknown[]> = number extends Abi['length']
  ? EthersContract
  : Omit<BaseContract, Functions<Abi>['name'] | 'filters' | 'queryFilter' | 'on' | 'once' | 'getFunction'> &
      EventAccess<Abi> &
      FunctionsByName<Abi> &
      FunctionsBySignature<Abi> & {
        getFunction<Name extends keyof FunctionsByName<Abi> | keyof FunctionsBySignature<Abi>>(
          name: Name,
        ): (FunctionsByName<Abi> & FunctionsBySignature<Abi>)[Name]
      }
