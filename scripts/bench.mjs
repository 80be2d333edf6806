// `pnpm bench NAME [--quick]`: runs packages/*/bench/NAME.ts after building. Without a name it lists what there is.
import { existsSync, readdirSync } from 'node:fs'
import { root, run } from './run.mjs'

const benches = readdirSync(`${root}packages`).flatMap((name) => {
  const folder = `packages/${name}/bench`
  if (!existsSync(root + folder)) return []
  return readdirSync(root + folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ name: file.slice(0, -3), path: `${folder}/${file}`, package: name }))
})

const [name, ...args] = process.argv.slice(2)
const bench = benches.find((candidate) => candidate.name === name)
if (!bench) {
  console.error(name ? `no bench named "${name}". There are:` : 'usage: pnpm bench NAME [--quick]. There are:')
  for (const { name, package: owner } of benches) console.error(`  ${name.padEnd(20)} @zos/${owner}`)
  process.exit(name ? 1 : 0)
}
const built = await run('turbo', ['run', 'build', `--filter=@zos/${bench.package}...`, '--output-logs=errors-only'], {
  quiet: true,
})
if (built.code !== 0) {
  console.error(built.output)
  process.exit(built.code)
}
const { code } = await run('node', ['--disable-warning=ExperimentalWarning', root + bench.path, ...args], {
  cwd: `${root}packages/${bench.package}`,
  // Peers that are programs (anvil, hardhat) stand among the package's own dependencies.
  env: { PATH: `${root}packages/${bench.package}/node_modules/.bin:${process.env.PATH}` },
})
process.exit(code)
