/**
 * A signer is killed (SIGKILL) at arbitrary moments, 40 times, 10,000 times with `ZOS_LONG`, or `ZOS_KILLS` times. Each life tries to sign the newest slots
 * of the life before with other bytes; whatever was revealed, no slot ever has two messages.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createRandom } from '../random.ts'

const KILLS = Number(process.env.ZOS_KILLS ?? (process.env.ZOS_LONG ? 10_000 : 40))
/** A new log after so many lives: an old one would only make the lives slower. */
const LIVES_PER_LOG = 50
const SLOTS_TRIED_AGAIN = 3
/** A life is let answer up to so many slots: most meet what the life before signed, and sign something of their own. */
const SLOTS_A_LIFE = 12

const source = new URL('../../src/', import.meta.url).href
const ARGUMENTS = ['--disable-warning=ExperimentalWarning']
const WORKER = `
import { existsSync, fdatasyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs'
import { openSignOnceLog } from '${source}custody/sign-once.ts'
const [folder, life] = process.argv.slice(2)
const text = new TextEncoder()
const file = folder + '/log'
const log = openSync(file, 'a')
const revealed = openSync(folder + '/revealed', 'a')
const once = openSignOnceLog({
  read: () => new Uint8Array(readFileSync(file)),
  append: (bytes) => { writeSync(log, bytes); fdatasyncSync(log) },
  truncate: (length) => truncateSync(file, length),
})
let slot = 0
while (once.permitted('slot ' + slot)) slot++
process.stdout.write('open\\n')
if (life === 'warm') process.exit(0)
for (slot = Math.max(0, slot - ${SLOTS_TRIED_AGAIN}); ; slot++) {
  const message = 'signed by life ' + life
  try {
    once.permit('slot ' + slot, text.encode(message))
  } catch (error) {
    if (error.code !== 'HUB_SIGN_TWICE') throw error
    writeSync(revealed, 'refused ' + slot + '\\n')
    writeSync(1, '.')
    continue
  }
  writeSync(revealed, 'slot ' + slot + ' ' + message + '\\n')
  writeSync(1, '.')
}
`

it(`never signs two messages in one slot, killed ${KILLS.toLocaleString('en')} times`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'zos-sign-once-'))
  const random = createRandom()
  try {
    writeFileSync(join(folder, 'worker.mts'), WORKER)
    // A life that ends by itself leaves the compile cache behind; one that is killed does not.
    process.env.NODE_COMPILE_CACHE = join(folder, 'compiled')
    mkdirSync(join(folder, 'warm'))
    writeFileSync(join(folder, 'warm', 'log'), '')
    spawnSync(process.execPath, [...ARGUMENTS, join(folder, 'worker.mts'), join(folder, 'warm'), 'warm'])
    let revealedSlots = 0
    let refusals = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const home = join(folder, String(Math.floor(kill / LIVES_PER_LOG)))
      if (!existsSync(home)) mkdirSync(home)
      await oneLife(join(folder, 'worker.mts'), home, kill, random)
      if ((kill + 1) % LIVES_PER_LOG === 0 || kill === KILLS - 1) {
        const { slots, refused } = checkRevealed(join(home, 'revealed'))
        revealedSlots += slots
        refusals += refused
        rmSync(home, { recursive: true, force: true })
      }
    }
    // The lives did sign, and did meet what earlier lives had signed.
    expect(revealedSlots).toBeGreaterThan(KILLS)
    expect(refusals).toBeGreaterThan(KILLS)
    process.stdout.write(`${KILLS} kills, ${revealedSlots} slots signed once, ${refusals} second signatures refused\n`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 20_000_000)

/** One life: killed up to 3 ms after it has answered for some slots, or, one time in eight, while it opens its log. */
async function oneLife(
  worker: string,
  home: string,
  life: number,
  random: ReturnType<typeof createRandom>,
): Promise<void> {
  const child = spawn(process.execPath, [...ARGUMENTS, worker, home, String(life)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const early = random.below(8) === 0
  const progress = 'open\n'.length + random.below(SLOTS_A_LIFE + 1)
  const progressed = new Promise<void>((resolve) => {
    let printed = 0
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.length
      if (printed >= progress) resolve()
    })
  })
  await Promise.race([early ? new Promise((resolve) => setTimeout(resolve, 30 + random.below(60))) : progressed, ended])
  if (!early) await new Promise((resolve) => setTimeout(resolve, random.below(3)))
  child.kill('SIGKILL')
  await ended
  expect(errors).toBe('')
}

function checkRevealed(file: string): { slots: number; refused: number } {
  const messages = new Map<string, string>()
  let refused = 0
  // A line that the kill cut short was never revealed.
  for (const line of readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
    const [kind, slot, ...message] = line.split(' ')
    if (kind === 'refused') {
      refused++
      continue
    }
    expect(messages.get(slot!) ?? message.join(' ')).toBe(message.join(' '))
    messages.set(slot!, message.join(' '))
  }
  return { slots: messages.size, refused }
}
