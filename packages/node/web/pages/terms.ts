import { card, el, fields, link, table } from '../element.ts'
import { count, short } from '../format.ts'
import type { Terms } from '../ledger.ts'
import { call, onHead } from '../rpc.ts'

/** The lottery: who leads in the running term, and the tickets that have come for the next one. */
export async function termsPage(signal: AbortSignal): Promise<HTMLElement> {
  const page = el('div')
  const draw = async () => page.replaceChildren(...content(await call<Terms>('zos_terms')))
  await draw()
  onHead(() => {
    if (!page.matches(':focus-within')) void draw().catch(() => {})
  }, signal)
  return page
}

function content({ epoch, term, firstRound, endedBy, speaker, ranking, demoted, next }: Terms): HTMLElement[] {
  return [
    el('h1', {}, 'Terms'),
    card(
      `Term ${count(term)} of epoch ${count(epoch)}`,
      fields([
        ['Since round', count(firstRound)],
        ['Speaker', link(`address/${speaker}`, speaker)],
        ['Ended by', endedBy === null ? 'still running' : link(`unit/${endedBy}`, short(endedBy))],
      ]),
      table(
        ['Rank', 'Validator', 'Role'],
        ranking.map((address, rank) => [
          count(rank),
          link(`address/${address}`, address),
          demoted.includes(address) ? el('span', { class: 'bad' }, 'silent: no slots in this term') : role(rank),
        ]),
      ),
    ),
    card(
      `Tickets for term ${count(next.term)}`,
      fields([['Seed', next.seed === null ? 'not fixed yet' : el('code', {}, next.seed)]]),
      next.tickets.length > 0
        ? table(
            ['Hash', 'Validator', 'Nonce', 'In unit'],
            next.tickets.map(({ hash, candidate, nonce, unit }) => [
              el('code', {}, short(hash)),
              link(`address/${candidate}`, short(candidate)),
              count(nonce),
              link(`unit/${unit}`, short(unit)),
            ]),
          )
        : el('p', { class: 'empty' }, 'None has come yet.'),
      el(
        'p',
        { class: 'text muted' },
        'The smallest hash of each validator counts, if its unit is in the past of the one that ends the running term. Smaller hashes lead earlier.',
      ),
    ),
  ]
}

function role(rank: number): string {
  return rank === 0 ? 'speaker' : 'deputy'
}
