import { card, el, fields, link, table } from '../element.ts'
import { coins, count, short } from '../format.ts'
import type { Validators } from '../ledger.ts'
import { call, onHead } from '../rpc.ts'

export async function validatorsPage(signal: AbortSignal): Promise<HTMLElement> {
  const page = el('div')
  const draw = async () => page.replaceChildren(...content(await call<Validators>('zos_committee')))
  await draw()
  onHead(() => {
    if (!page.matches(':focus-within')) void draw().catch(() => {})
  }, signal)
  return page
}

function content({ epoch, baseRound, quorum, rounds, blocks, validators, slots }: Validators): HTMLElement[] {
  const total = validators.reduce((sum, { stake }) => sum + BigInt(stake), 0n)
  const seen = Math.max(1, rounds.to - rounds.from + 1)
  const led = Math.max(1, blocks.to - blocks.from + 1)
  return [
    el('h1', {}, 'Validators'),
    card(
      'Epoch',
      fields([
        ['Number', count(epoch)],
        ['Began at round', count(baseRound)],
        ['Newest round', count(rounds.to)],
        ['Stake', `${coins(total.toString())} ZOS`],
        ['Quorum', `${coins(quorum)} ZOS: more than two thirds`],
      ]),
    ),
    card(
      `${count(validators.length)} ${validators.length === 1 ? 'validator' : 'validators'}`,
      table(
        [
          'Validator',
          'Stake, ZOS',
          'Share',
          `Units of ${count(seen)} rounds`,
          'Last round',
          `Leads in ${count(led)} blocks`,
        ],
        validators.map(({ address, stake, units, lastRound, led: leads }) => [
          link(`address/${address}`, short(address)),
          coins(stake),
          `${(Number((BigInt(stake) * 10_000n) / (total || 1n)) / 100).toFixed(2)} %`,
          share(units, seen),
          lastRound === null ? el('span', { class: 'bad' }, 'none seen') : count(lastRound),
          count(leads),
        ]),
      ),
    ),
    card(
      'Next leader slots',
      slots.length > 0
        ? table(
            ['Round', 'Leader'],
            slots.map(({ round, leader }) => [count(round), link(`address/${leader}`, leader)]),
          )
        : el('p', { class: 'empty' }, 'Not decided yet.'),
      el(
        'p',
        { class: 'text muted' },
        'A leader that stays silent loses its slots for the rest of its term; slots that are not decided yet can still change.',
      ),
    ),
  ]
}

function share(part: number, whole: number): HTMLElement {
  const percent = Math.min(100, Math.round((100 * part) / whole))
  const filled = el('span')
  filled.style.setProperty('width', `${percent}%`)
  return el('span', {}, el('span', { class: 'bar', 'aria-hidden': 'true' }, filled), ` ${count(part)}`)
}
