import { card, el, link } from '../element.ts'
import { count, short } from '../format.ts'
import type { Conflict } from '../ledger.ts'
import { listing, NO_INDEX } from '../listing.ts'

const RULES = {
  'same-unit': 'both in one unit: the one that comes first',
  'smaller-index': 'smaller main-chain index',
  'smaller-height': 'same index: smaller height',
  'smaller-id': 'same index and height: smaller unit id',
} as const

const REASONS: Record<string, string> = {
  'nonce-too-low': 'the nonce was used before its turn',
  'nonce-too-high': 'a nonce before it is missing',
  'insufficient-funds': 'the coins were spent before its turn',
  'fee-too-low': 'it pays less than the base fee',
  'block-full': 'no room in the block',
  'gas-limit': 'its gas limit cannot be',
  'sender-is-contract': 'its sender is a contract',
  'refused-by-evm': 'the EVM refused it',
}

/** Transactions of final units that their blocks left out, and what won. */
export async function conflictsPage(): Promise<HTMLElement> {
  const list = await listing<Conflict>(
    ['Block', 'Left out', 'Sender, nonce', 'Why', 'Won by', 'Decided by'],
    'None so far: every transaction of a final unit had its turn.',
    'zos_getConflicts',
    [],
    ({ block, hash, sender, nonce, reason, winner, unit, decided }) => [
      link(`block/${block}`, count(block)),
      el('span', {}, el('code', {}, short(hash)), ' in ', link(`unit/${unit}`, short(unit))),
      el('span', {}, link(`address/${sender}`, short(sender)), `, ${count(nonce)}`),
      el('span', { class: 'wrap' }, REASONS[reason] ?? reason),
      winner ? link(`tx/${winner}`, short(winner)) : '–',
      decided
        ? el(
            'span',
            { class: 'wrap' },
            RULES[decided.rule],
            el(
              'span',
              { class: 'muted' },
              ` (index ${decided.winner.mci} before ${decided.loser.mci}, height ${decided.winner.height} and ${decided.loser.height})`,
            ),
          )
        : '–',
    ],
  )
  return el(
    'div',
    {},
    el('h1', {}, 'Conflicts'),
    card(
      'What the ledger left out',
      el(
        'p',
        { class: 'text muted' },
        'Two units can carry transactions that exclude each other. Both units become final; consensus puts them in one order, and the transaction that comes later finds its turn taken.',
      ),
      list ?? el('p', { class: 'empty' }, NO_INDEX),
    ),
  )
}
