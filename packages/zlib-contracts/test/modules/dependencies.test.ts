import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { id } from 'ethers'
import { afterAll, describe, expect, test } from 'vitest'
import {
  buildModule,
  cachedSolc,
  packModule,
  type Registry,
  type SourceFetch,
  verifyWithDependencies,
} from '../../src/index.ts'
import { installedModules, installModules } from '../../src/project/installed-modules.ts'

const answers = new Map<string, string>()
const solc = cachedSolc({
  store: { read: (key) => answers.get(key), write: (key, answer) => void answers.set(key, answer) },
})
const COUNT = 'pragma solidity ^0.8.24; contract Count { uint256 public count; }'
/** One contract under many names: only what they need differs. */
const module = (nameAndVersion: string, needs: readonly string[] = []) => {
  const [name, version] = nameAndVersion.split('@') as [string, string]
  const sources = { [`src/${name}.sol`]: COUNT }
  return buildModule({ sources, contract: 'Count', name, version, needs, solc })
}
type Built = ReturnType<typeof module>

const sourcesOf = (published: readonly Built[]): SourceFetch => {
  const blocks = new Map(published.flatMap((one) => [...one.blocks]))
  return async (cid) => blocks.get(cid)
}
/** A registry that has these modules; `keys` in place of the keys of what they need. */
const registryOf = (published: readonly Built[], keys?: readonly `0x${string}`[]) =>
  ({
    async resolve(name: string, version: string) {
      const { facet, cid, recipe } = published.find(
        (one) => one.recipe.name === name && one.recipe.version === version,
      )!
      const dependencies = keys ?? recipe.needs.map((one) => id(one))
      return { code: facet.address, libId: facet.codeHash, metadata: cid, yanked: false, dependencies }
    },
  }) as unknown as Registry
const verified = async (published: readonly Built[], name: string, keys?: readonly `0x${string}`[]) =>
  verifyWithDependencies(registryOf(published, keys), name, '1.0.0', sourcesOf(published), { solc })

const roots: string[] = []
const project = () => {
  roots.push(mkdtempSync(join(tmpdir(), 'zlib-needs-')))
  return roots.at(-1)!
}
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true })
})

describe('a module that needs others', () => {
  test('comes with them, each once, what is needed first', async () => {
    const all = [
      module('game@1.0.0', ['bank@1.0.0', 'tally@1.0.0']),
      module('bank@1.0.0', ['tally@1.0.0']),
      module('tally@1.0.0'),
    ]
    expect((await verified(all, 'game')).map(({ recipe }) => recipe.name)).toEqual(['tally', 'bank', 'game'])
    const root = project()
    const installed = installModules(root, await verified(all, 'game'))
    expect(installed.map((one) => one.import)).toEqual(
      ['tally', 'bank', 'game'].map((name) => `zlib_modules/${name}/src/${name}.sol`),
    )
    expect(readFileSync(join(root, installed[0]!.import), 'utf8')).toBe(COUNT)
    expect(installedModules(root).map(({ name, needs }) => [name, needs])).toEqual([
      ['bank', ['tally@1.0.0']],
      ['game', ['bank@1.0.0', 'tally@1.0.0']],
      ['tally', []],
    ])
  })

  test('is refused when two versions of one module are needed', async () => {
    const all = [
      module('game@1.0.0', ['bank@1.0.0', 'tally@2.0.0']),
      module('bank@1.0.0', ['tally@1.0.0']),
      module('tally@1.0.0'),
      module('tally@2.0.0'),
    ]
    await expect(verified(all, 'game')).rejects.toMatchObject({
      code: 'ZLIB_NOT_VERIFIED',
      message: 'game@1.0.0 needs tally@2.0.0, and bank@1.0.0 needs tally@1.0.0: a project has one of them',
    })
  })

  test('is refused when its document names others than the registry', async () => {
    const all = [module('game@1.0.0', ['tally@1.0.0']), module('tally@1.0.0')]
    await expect(verified(all, 'game', [])).rejects.toThrow('needs tally@1.0.0, the registry has other keys')
    await expect(verified(all, 'tally', [id('game@1.0.0') as `0x${string}`])).rejects.toThrow('needs nothing')
  })

  test('is refused when what it needs is not what its sources compile to', async () => {
    const tally = module('tally@1.0.0')
    const other = {
      ...tally,
      ...packModule({ ...tally.recipe, sources: { 'src/tally.sol': COUNT.replace('256', '8') } }),
    }
    await expect(verified([module('game@1.0.0', ['tally@1.0.0']), other], 'game')).rejects.toThrow(
      'tally@1.0.0 is not what its sources compile to',
    )
  })

  test('ends where documents need each other in a circle, which no registry can have', async () => {
    const all = [module('a@1.0.0', ['b@1.0.0']), module('b@1.0.0', ['a@1.0.0'])]
    expect((await verified(all, 'a')).map(({ recipe }) => recipe.name)).toEqual(['b', 'a'])
  })

  test('does not replace another version that is installed, but replaces itself', async () => {
    const root = project()
    installModules(root, [module('tally@2.0.0')])
    const needing = [module('tally@1.0.0'), module('game@1.0.0', ['tally@1.0.0'])]
    expect(() => installModules(root, needing)).toThrow('tally@1.0.0 is needed, tally@2.0.0 is installed')
    expect(existsSync(join(root, 'zlib_modules/game'))).toBe(false)
    installModules(root, [module('tally@1.0.0')])
    installModules(root, needing)
    expect(installedModules(root).map(({ name, version }) => `${name}@${version}`)).toEqual([
      'game@1.0.0',
      'tally@1.0.0',
    ])
  })
})
