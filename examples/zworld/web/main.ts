import { type Hex, stringToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { card, element, muted } from './element.ts'
import { huntPart } from './hunt.ts'
import { itemsPart } from './items.ts'
import { landPart } from './land.ts'
import { marketPart } from './market.ts'
import type { Page, Part, Self } from './page.ts'
import { questsPart } from './quests.ts'
import { rankingPart } from './ranking.ts'
import { connectWorld, gold, textOf, type World } from './world.ts'

const PARTS: Readonly<Record<string, Part>> = {
  Land: landPart,
  Quests: questsPart,
  Items: itemsPart,
  Hunt: huntPart,
  Market: marketPart,
  Ranking: rankingPart,
}
const CLASSES = ['', 'Warrior', 'Ranger', 'Mage']
const byId = (id: string) => document.getElementById(id)!

const config = JSON.parse(byId('config').textContent!) as { rpcUrl: string; world: Hex; keys: Hex[] }
let part = 'Land'
let world: World
let busy = false
let noticeTimer: ReturnType<typeof setTimeout> | undefined

function notice(text: string, kind: 'good' | 'bad' | 'wait'): void {
  const place = byId('notice')
  place.textContent = text
  place.className = kind === 'bad' ? 'notice bad' : 'notice'
  place.hidden = false
  clearTimeout(noticeTimer)
  if (kind !== 'wait') noticeTimer = setTimeout(() => (place.hidden = true), kind === 'bad' ? 6_000 : 2_500)
}

function button(
  text: string,
  act: () => Promise<unknown>,
  { quiet = false, disabled = false } = {},
): HTMLButtonElement {
  const run = async () => {
    if (busy) return
    busy = true
    document.body.dataset.busy = 'true'
    notice(`${text} …`, 'wait')
    try {
      const said = await act()
      notice(typeof said === 'string' ? said : `${text}: done`, 'good')
    } catch (error) {
      notice((error as Error).message, 'bad')
    }
    busy = false
    await draw()
    delete document.body.dataset.busy
  }
  return element('button', { className: quiet ? 'do quiet' : 'do', disabled, onclick: () => void run() }, text)
}

async function readSelf(): Promise<Self> {
  const [one, coins, items, , season, score] = await world.read('overview', [world.player])
  return {
    joined: one.joinedAt !== 0n,
    name: textOf(one.name),
    level: one.level,
    xp: one.xp,
    health: one.health,
    energy: one.energy,
    points: one.points,
    x: one.x,
    y: one.y,
    gold: coins,
    items,
    season,
    score,
  }
}

function joinPart(): Node[] {
  const name = element('input', {
    maxLength: 31,
    placeholder: 'Name',
    attributes: { 'aria-label': 'Name of your hero' },
  })
  const kind = element(
    'select',
    { attributes: { 'aria-label': 'Class' } },
    ...[1, 2, 3].map((at) => element('option', { value: String(at) }, CLASSES[at]!)),
  )
  return [
    card(
      'Enter the world',
      muted('You begin with 50 gold, three breads, some wood and an empty map. Everything you do is a transaction.'),
      element(
        'div',
        { className: 'actions' },
        name,
        kind,
        button('Enter', async () => {
          if (!name.value.trim()) throw new Error('Your hero needs a name.')
          await world.act('join', [stringToHex(name.value.trim(), { size: 32 }), Number(kind.value)])
        }),
      ),
    ),
  ]
}

function drawStats(self: Self): void {
  const stat = (label: string, value: string, kind = '') =>
    element('span', { className: kind }, `${label} `, element('b', {}, value))
  byId('stats').replaceChildren(
    ...(self.joined
      ? [
          stat(self.name, `level ${self.level}`),
          stat('gold', gold(self.gold), 'gold'),
          stat('energy', String(self.energy)),
          stat('health', String(self.health)),
          stat('score', String(self.score)),
        ]
      : []),
  )
  byId('tabs').replaceChildren(
    ...(self.joined
      ? Object.keys(PARTS).map((name) =>
          element(
            'button',
            {
              onclick: () => {
                part = name
                void draw()
              },
              attributes: name === part ? { 'aria-current': 'page' } : {},
            },
            name,
          ),
        )
      : []),
  )
}

let drawing = 0
async function draw(): Promise<void> {
  const mine = ++drawing
  try {
    const self = await readSelf()
    const page: Page = { world, self, button, redraw: () => void draw() }
    const nodes = self.joined ? await PARTS[part]!(page) : joinPart()
    // A newer drawing has begun meanwhile.
    if (mine !== drawing) return
    drawStats(self)
    byId('main').replaceChildren(...nodes)
    document.body.dataset.part = self.joined ? part : 'Enter'
  } catch (error) {
    notice(`The node does not answer: ${(error as Error).message.split('\n')[0]}`, 'bad')
  }
}

async function start(): Promise<void> {
  const choice = byId('player') as HTMLSelectElement
  const wanted = Number(new URLSearchParams(location.search).get('player') ?? 0)
  choice.replaceChildren(
    ...config.keys.map((key, at) =>
      element('option', { value: String(at) }, privateKeyToAccount(key).address.slice(0, 8)),
    ),
  )
  const select = async (at: number) => {
    choice.value = String(at)
    world = await connectWorld(config.rpcUrl, config.world, config.keys[at]!)
    await draw()
  }
  choice.onchange = () => void select(Number(choice.value))
  try {
    await select(config.keys[wanted] ? wanted : 0)
  } catch (error) {
    notice(`No node answers at ${config.rpcUrl}: ${(error as Error).message.split('\n')[0]}`, 'bad')
  }
}

void start()
