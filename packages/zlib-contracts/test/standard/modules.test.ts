import { readdirSync, readFileSync } from 'node:fs'
import { AbiCoder, FunctionFragment, id, keccak256, toBeHex } from 'ethers'
import { beforeAll, describe, expect, test } from 'vitest'
import { compileAll, createLibrary } from './library.ts'

const folder = new URL('../../contracts/', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, folder), 'utf8')
const modules = JSON.parse(read('modules.json')) as Record<
  string,
  { contract: string; with?: string[]; functions: string[] }
>
let library: Awaited<ReturnType<typeof createLibrary>>
beforeAll(async () => {
  library = await createLibrary()
}, 600_000)

describe('the list of modules', () => {
  test.each(Object.entries(modules))('%s has the functions of its contract, each in one module', (_name, module) => {
    const abi = library.abiOf(module.contract.split('/').at(-1)!) as { type: string }[]
    const signatures = abi
      .filter(({ type }) => type === 'function')
      .map((entry) => FunctionFragment.from(entry).format('sighash'))
    const others = (module.with ?? []).flatMap((name) => modules[name]!.functions)
    // What several bases have and each application puts together for itself stands in no module.
    const shared = /^(supportsInterface|onERC721Received|onERC1155(Batch)?Received)\(/
    const own = signatures.filter((signature) => !others.includes(signature) && !shared.test(signature))
    expect(module.functions.filter((signature) => !shared.test(signature)).toSorted()).toEqual(own.toSorted())
  })
})

test('the first example of the documentation compiles', () => {
  const page = readFileSync(new URL('../../docs/standard-library.md', import.meta.url), 'utf8')
  const [, example] = /```solidity\n([\s\S]*?)```/.exec(page)!
  expect(compileAll({ 'Bank.sol': example! }).get('Bank')!.creation.length).toBeGreaterThan(1_000)
})

describe('namespaced storage', () => {
  const files = (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.endsWith('.sol'))
  const spaces = files.flatMap((file) => {
    const text = read(file)
    const space = /erc7201:([\w.]+)/.exec(text)?.[1]
    const slot = /_STORAGE = (0x[0-9a-f]{64});/.exec(text)?.[1]
    return space ? [{ file, space, slot }] : []
  })

  test('lies where ERC-7201 puts the name that the comment says, and no two share one', () => {
    expect(spaces.length).toBeGreaterThan(12)
    for (const { file, space, slot } of spaces) {
      const inner = AbiCoder.defaultAbiCoder().encode(['uint256'], [BigInt(id(space)) - 1n])
      expect(slot, file).toBe(toBeHex(BigInt(keccak256(inner)) & ~0xffn, 32))
    }
    expect(new Set(spaces.map(({ space }) => space)).size).toBe(spaces.length)
  })
})
