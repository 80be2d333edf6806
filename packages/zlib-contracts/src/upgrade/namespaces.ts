/** Storage namespaces (ERC-7201): structs that a contract keeps at a place of their own, found by the annotation of their declaration. */
import { AbiCoder, id, keccak256 } from 'ethers'

/** A struct with a place of its own. */
export interface Namespace {
  /** Such as `openzeppelin.storage.ERC20`. */
  readonly id: string
  /** Name of the contract or library that declares it, and of the struct. */
  readonly owner: string
  readonly struct: string
  /** Source file. */
  readonly file: string
  /** Constants of the owner that could be the place; empty when it computes it. */
  readonly constants: readonly string[]
}

/** A node of solc's syntax tree. */
export interface SyntaxNode {
  readonly nodeType?: string
  readonly [key: string]: unknown
}

const ANNOTATION = /@custom:storage-location\s+erc7201:(\S+)/

/** Where ERC-7201 puts a namespace. */
export function namespaceLocation(namespace: string): `0x${string}` {
  const inner = AbiCoder.defaultAbiCoder().encode(['uint256'], [BigInt(id(namespace)) - 1n])
  return `0x${(BigInt(keccak256(inner)) & ~0xffn).toString(16).padStart(64, '0')}`
}

/** The namespaces of `contract` and of all that it inherits from. `trees` is a syntax tree by file. */
export function findNamespaces(trees: Readonly<Record<string, SyntaxNode>>, contract: string): Namespace[] {
  const contracts = Object.entries(trees).flatMap(([file, tree]) =>
    nodes(tree, 'ContractDefinition').map((node) => ({ file, node })),
  )
  const target = contracts.find(({ node }) => node.name === contract)
  const bases = new Set((target?.node.linearizedBaseContracts as number[] | undefined) ?? [])
  return contracts
    .filter(({ node }) => bases.has(node.id as number))
    .flatMap(({ file, node }) =>
      nodes(node, 'StructDefinition').flatMap((struct) => {
        const text = (struct.documentation as { text?: string } | undefined)?.text ?? ''
        const found = ANNOTATION.exec(text)?.[1]
        if (!found) return []
        return [
          { id: found, owner: node.name as string, struct: struct.name as string, file, constants: constantsOf(node) },
        ]
      }),
    )
}

/** Every enum with its members, by the name that solc's layout has for it. */
export function findEnums(trees: Readonly<Record<string, SyntaxNode>>): Record<string, string[]> {
  const found = Object.values(trees).flatMap((tree) => nodes(tree, 'EnumDefinition'))
  return Object.fromEntries(
    found.map((node) => [
      `enum ${node.canonicalName as string}`,
      (node.members as { name: string }[]).map(({ name }) => name),
    ]),
  )
}

function constantsOf(contract: SyntaxNode): string[] {
  return nodes(contract, 'VariableDeclaration').flatMap((node) => {
    const value = node.value as { nodeType?: string; value?: string } | null | undefined
    const literal = node.constant === true && value?.nodeType === 'Literal' ? value.value : undefined
    return literal && /^0x[0-9a-fA-F]{64}$/.test(literal) ? [literal.toLowerCase()] : []
  })
}

function nodes(root: unknown, type: string): SyntaxNode[] {
  if (Array.isArray(root)) return root.flatMap((one) => nodes(one, type))
  if (typeof root !== 'object' || root === null) return []
  const here = (root as SyntaxNode).nodeType === type ? [root as SyntaxNode] : []
  return [...here, ...Object.values(root).flatMap((one) => nodes(one, type))]
}
