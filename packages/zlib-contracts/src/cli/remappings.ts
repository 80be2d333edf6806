import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, sep } from 'node:path'
import { defineCommand } from 'citty'
import { MODULE_FOLDER } from '../project/installed-modules.ts'
import { JSON_ARG, report, run } from './run.ts'

const args = { json: JSON_ARG } as const
/** What contracts import without installing it themselves. */
const SHIPPED = ['@zos/zlib-contracts', '@openzeppelin/contracts', '@openzeppelin/contracts-upgradeable']

export const remappingsCommand = defineCommand({
  meta: {
    name: 'remappings',
    description: 'Print the remappings that forge needs to find what zlib finds: zlib remappings > remappings.txt',
  },
  args,
  run: (context) =>
    run(context.args, args, () => {
      const root = process.cwd()
      const { resolve } = createRequire(import.meta.url)
      const to = (folder: string) => `${relative(root, folder).split(sep).join('/')}/`
      const packages = SHIPPED.map((name) => `${name}/=${to(dirname(resolve(`${name}/package.json`)))}`)
      const modules = existsSync(join(root, MODULE_FOLDER)) && readdirSync(join(root, MODULE_FOLDER)).length > 0
      const remappings = [...packages, ...(modules ? [`${MODULE_FOLDER}/=${MODULE_FOLDER}/`] : [])]
      report(context.args, remappings, remappings)
    }),
})
