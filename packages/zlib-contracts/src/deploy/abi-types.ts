/** TypeScript types of Solidity's, as ethers takes and gives them, inferred from an ABI that is `as const`. */
import type { AddressLike, BigNumberish, BytesLike } from 'ethers'

/** A parameter or a result, as solc writes it. */
export interface Parameter {
  readonly name?: string | undefined
  readonly type: string
  readonly components?: readonly Parameter[] | undefined
}

/** The last pair of brackets of a type: `uint8[2][]` is an array of unknown length of `uint8[2]`. */
type LastBrackets<T extends string, Before extends string = ''> = T extends `${infer Head}[${infer Rest}`
  ? Rest extends `${string}[${string}`
    ? LastBrackets<Rest, `${Before}${Head}[`>
    : Rest extends `${infer Length}]`
      ? { readonly base: `${Before}${Head}`; readonly length: Length }
      : never
  : never

/** `Length` times `Element`; more than two digits give an array of any length, which is cheaper for the compiler. */
type Repeated<Element, Length extends string> = Length extends ''
  ? readonly Element[]
  : Length extends `${infer _A}${infer _B}${infer _C}${string}`
    ? readonly Element[]
    : Length extends `${infer Count extends number}`
      ? Times<Element, Count>
      : readonly Element[]

type Times<Element, Count extends number, Done extends readonly Element[] = readonly []> = Done['length'] extends Count
  ? Done
  : Times<Element, Count, readonly [...Done, Element]>

/** Parameters by name, for an object that is passed in. */
type InputsByName<Ps extends readonly Parameter[]> = {
  readonly [P in Ps[number] as P['name'] extends string ? P['name'] : never]: Input<P>
}

/** Results by name; without those that have none, or one that every array has (`length`, `at`), which ethers does not give by name either. */
type OutputsByName<Ps extends readonly Parameter[]> = {
  readonly [P in Ps[number] as P['name'] extends string
    ? Exclude<P['name'], '' | keyof (readonly unknown[])>
    : never]: Output<P>
}

/** What may be passed for a parameter. A struct is an object with all names, or a list. */
export type Input<P extends Parameter> = P['type'] extends `${string}]`
  ? LastBrackets<P['type']> extends {
      readonly base: infer Base extends string
      readonly length: infer Length extends string
    }
    ? Repeated<Input<Omit<P, 'type'> & { readonly type: Base }>, Length>
    : never
  : P['type'] extends 'tuple'
    ? P['components'] extends infer Components extends readonly Parameter[]
      ? Inputs<Components> | InputsByName<Components>
      : never
    : P['type'] extends 'address'
      ? AddressLike
      : P['type'] extends 'bool'
        ? boolean
        : P['type'] extends 'string'
          ? string
          : P['type'] extends `${'uint' | 'int'}${string}`
            ? BigNumberish
            : P['type'] extends `bytes${string}` | 'function'
              ? BytesLike
              : unknown

/** What ethers gives for a result. A struct is a list with names. */
export type Output<P extends Parameter> = P['type'] extends `${string}]`
  ? LastBrackets<P['type']> extends {
      readonly base: infer Base extends string
      readonly length: infer Length extends string
    }
    ? Repeated<Output<Omit<P, 'type'> & { readonly type: Base }>, Length>
    : never
  : P['type'] extends 'tuple'
    ? P['components'] extends infer Components extends readonly Parameter[]
      ? NamedList<Components>
      : never
    : P['type'] extends 'address' | 'string' | `bytes${string}` | 'function'
      ? string
      : P['type'] extends 'bool'
        ? boolean
        : P['type'] extends `${'uint' | 'int'}${string}`
          ? bigint
          : unknown

/** Values in their order. */
export type Values<Ps extends readonly Parameter[]> = { readonly [K in keyof Ps]: Output<Ps[K]> }

/** Arguments in their order. */
export type Inputs<Ps extends readonly Parameter[]> = { readonly [K in keyof Ps]: Input<Ps[K]> }

/** Values in their order, and by name. */
export type NamedList<Ps extends readonly Parameter[]> = Values<Ps> & OutputsByName<Ps>

/** What a function returns: nothing, one value, or a list with names. */
export type Outputs<Ps extends readonly Parameter[]> = Ps extends readonly []
  ? undefined
  : Ps extends readonly [infer Only extends Parameter]
    ? Output<Only>
    : NamedList<Ps>

/** A type as signatures spell it: structs by their components. */
type Canonical<P extends Parameter> = P['type'] extends `tuple${infer Brackets}`
  ? P['components'] extends infer Components extends readonly Parameter[]
    ? `(${Joined<Components>})${Brackets}`
    : never
  : P['type']

type Joined<Ps extends readonly Parameter[]> = Ps extends readonly []
  ? ''
  : Ps extends readonly [infer Only extends Parameter]
    ? Canonical<Only>
    : Ps extends readonly [infer First extends Parameter, ...infer Rest extends readonly Parameter[]]
      ? `${Canonical<First>},${Joined<Rest>}`
      : string

/** `name(type,…)`: what tells overloads apart. */
export type Signature<F extends { readonly name: string; readonly inputs: readonly Parameter[] }> =
  `${F['name']}(${Joined<F['inputs']>})`
