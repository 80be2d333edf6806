/** What stands under which keys: the table of contents of a node's database. */
const KINDS = {
  units: 'u',
  'unit index': 'i',
  'epoch starts': 'E',
  committees: 'V',
  blocks: 'b',
  'block index': 'h',
  'index of units in blocks': 'n',
  transactions: 'x',
  'transaction index': 't',
  accounts: 'a',
  slots: 's',
  code: 'c',
  'account trie': 'T',
  'slot tries': 'S',
  checkpoints: 'k',
  'ticket hashes': 'L',
  'IBC records': 'I',
  'undo records': 'D',
} as const

/** Keys that stand for themselves. */
const RECORDS = ['genesis', 'layout', 'head', 'epoch', 'pruned', 'peers', 'draft', 'join', 'wipe'] as const

export type EntryKind = keyof typeof KINDS | 'records' | 'unknown'

const BY_LETTER = new Map<string, EntryKind>(Object.entries(KINDS).map(([kind, letter]) => [letter, kind as EntryKind]))

/** Of which kind the entry under `key` is. */
export function kindOf(key: string): EntryKind {
  if ((RECORDS as readonly string[]).includes(key)) return 'records'
  return BY_LETTER.get(key[0] ?? '') ?? 'unknown'
}

/** The keys of a kind: from the first, up to the second. */
export function rangeOf(kind: keyof typeof KINDS): [from: string, to: string] {
  const letter = KINDS[kind]
  return [letter, String.fromCharCode(letter.charCodeAt(0) + 1)]
}
