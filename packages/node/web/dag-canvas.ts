/** The DAG on a canvas: a lane for each author, rounds from left to right, the main chain as a thick line. */
import type { DagWindow } from './dag-window.ts'
import { el } from './element.ts'
import { short } from './format.ts'
import type { Unit } from './ledger.ts'

const COLUMN_WIDTH = 30
const LEFT = 18
const BOTTOM = 26
/** Pixels from a unit within which the pointer means it. */
const REACH = 16
/** Time in which most of the way to new rounds is scrolled. */
const GLIDE_MS = 260

export interface DagCanvas {
  element: HTMLElement
  /** The first column that may be seen. */
  firstColumn(): number
  /** Draws what the window holds now. */
  update(): void
}

interface Place {
  unit: Unit
  x: number
  y: number
}

/** `onSelect` gets the unit that was clicked, tapped or reached by arrow key; `onOpen` the one that Enter opens. */
export function createDagCanvas(
  dag: DagWindow,
  onSelect: (unit: Unit) => void,
  onOpen: (unit: Unit) => void,
  signal: AbortSignal,
): DagCanvas {
  const canvas = el('canvas', {
    tabindex: '0',
    role: 'application',
    'aria-label':
      'The newest rounds of the DAG. Arrow keys go from unit to unit, Enter opens one, Escape follows again.',
  })
  const tip = el('div', { class: 'tip', hidden: '' })
  const follow = el('button', { class: 'follow', type: 'button', hidden: '' }, 'Follow again')
  const element = el('div', { class: 'dag' }, canvas, tip, follow)
  const still = matchMedia('(prefers-reduced-motion: reduce)')
  let colours = readColours()
  let right = 0
  let held = false
  let hovered: string | undefined
  let selected: string | undefined
  let frame = 0
  let lastFrame = 0
  let places: Place[] = []

  const width = () => canvas.clientWidth || 600
  const laneHeight = () => Math.max(15, Math.min(46, 230 / Math.max(1, dag.authors.length)))
  const height = () => Math.max(96, laneHeight() * dag.authors.length + BOTTOM + 14)
  const target = () => (held ? right : dag.last + 0.7)

  function place(unit: Unit): Place {
    const lane = laneHeight()
    const column = dag.columnOf(unit)
    const twins = dag.columns.get(column)!.units.filter(({ author }) => author === unit.author)
    const shift = twins.length > 1 ? (twins.indexOf(unit) / (twins.length - 1) - 0.5) * lane * 0.5 : 0
    return {
      unit,
      x: xOf(column),
      y: 14 + (dag.authors.indexOf(unit.author) + 0.5) * lane + shift,
    }
  }

  function xOf(column: number): number {
    return width() - (right - column) * COLUMN_WIDTH - 10
  }

  function visible(): Place[] {
    const shown: Place[] = []
    for (let column = firstColumn(); column <= right + 2; column++)
      for (const unit of dag.columns.get(column)?.units ?? []) shown.push(place(unit))
    return shown
  }

  function firstColumn(): number {
    return Math.max(1, Math.floor(right - width() / COLUMN_WIDTH) - 2)
  }

  function schedule(): void {
    if (!frame && !signal.aborted) frame = requestAnimationFrame(draw)
  }

  function draw(now: number): void {
    frame = 0
    const step = Math.min(64, now - lastFrame)
    lastFrame = now
    const distance = target() - right
    right += still.matches || Math.abs(distance) > 30 ? distance : distance * (1 - Math.exp(-step / GLIDE_MS))
    paint()
    if (Math.abs(target() - right) > 0.01) schedule()
  }

  function paint(): void {
    const ratio = devicePixelRatio
    const [w, h] = [width(), height()]
    if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
      canvas.style.height = `${h}px`
      canvas.width = Math.round(w * ratio)
      canvas.height = Math.round(h * ratio)
    }
    const context = canvas.getContext('2d')!
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.clearRect(0, 0, w, h)
    places = visible()
    const at = new Map(places.map((one) => [one.unit.id, one]))
    const marked = hovered ?? selected
    paintGrid(context, w, h)
    paintEdges(context, at, marked)
    for (const one of places) paintUnit(context, one, one.unit.id === marked)
    const focus = hovered === undefined ? undefined : at.get(hovered)
    tip.hidden = !focus
    if (focus) showTip(focus, w)
    follow.hidden = !held || selected === undefined
  }

  function paintGrid(context: CanvasRenderingContext2D, w: number, h: number): void {
    context.strokeStyle = colours.line
    context.lineWidth = 1
    context.beginPath()
    for (let lane = 0; lane < dag.authors.length; lane++) {
      const y = Math.round(14 + (lane + 0.5) * laneHeight()) + 0.5
      context.moveTo(0, y)
      context.lineTo(w, y)
    }
    context.stroke()
    context.fillStyle = colours.muted
    context.font = '12px system-ui, sans-serif'
    context.textAlign = 'center'
    for (let column = firstColumn(); column <= right + 2; column++) {
      const round = dag.columns.get(column)?.round
      const before = dag.columns.get(column - 1)?.round
      if (round === undefined) continue
      if (round % 5 === 0 && xOf(column) > 3 * LEFT) context.fillText(String(round), xOf(column), h - 8)
      if (before !== undefined && round > before + 1) context.fillRect(xOf(column - 0.5), 4, 1, h - BOTTOM - 4) // a new epoch
    }
    context.textAlign = 'left'
    context.fillText('round', LEFT - 10, h - 8)
  }

  function paintEdges(context: CanvasRenderingContext2D, at: Map<string, Place>, marked: string | undefined): void {
    const stroke = (colour: string, thickness: number, alpha: number, wanted: (from: Place, to: Place) => boolean) => {
      context.strokeStyle = colour
      context.lineWidth = thickness
      context.globalAlpha = alpha
      context.beginPath()
      for (const from of places) {
        for (const parent of from.unit.parents) {
          const to = at.get(parent)
          if (!to || !wanted(from, to)) continue
          context.moveTo(from.x, from.y)
          context.lineTo(to.x, to.y)
        }
      }
      context.stroke()
      context.globalAlpha = 1
    }
    stroke(colours.edge, 1, Math.min(0.5, 2.4 / dag.authors.length), () => true)
    stroke(
      colours.main,
      3.5,
      0.9,
      ({ unit }, { unit: parent }) => unit.mainChain && parent.mainChain && unit.mci === parent.mci! + 1,
    )
    if (marked)
      stroke(
        colours.text,
        dag.authors.length > 8 ? 0.7 : 1.6,
        0.85,
        ({ unit }, { unit: parent }) => unit.id === marked || parent.id === marked,
      )
  }

  function paintUnit(context: CanvasRenderingContext2D, { unit, x, y }: Place, marked: boolean): void {
    const size = Math.min(7, laneHeight() * 0.32) * (unit.leader ? 1.25 : 1)
    context.beginPath()
    context.arc(x, y, size, 0, 2 * Math.PI)
    context.fillStyle = unit.mci === null ? colours.card : unit.mainChain ? colours.main : colours.final
    context.fill()
    context.lineWidth = 2
    context.strokeStyle = unit.mci === null ? colours.open : unit.mainChain ? colours.main : colours.final
    context.stroke()
    const { units } = dag.columns.get(dag.columnOf(unit))!
    const conflict = units.some((other) => other.author === unit.author && other.id !== unit.id)
    if (!marked && !conflict && !unit.leader) return
    context.beginPath()
    context.arc(x, y, size + 3.5, 0, 2 * Math.PI)
    context.lineWidth = marked ? 2 : 1.2
    context.strokeStyle = conflict ? colours.bad : marked ? colours.text : colours.main
    context.stroke()
  }

  function showTip({ unit, x, y }: Place, w: number): void {
    tip.replaceChildren(
      el('div', {}, `round ${unit.round} · ${short(unit.author)}`),
      el('div', {}, unit.mci === null ? 'not final yet' : `index ${unit.mci}${unit.leader ? ' · leader' : ''}`),
      el('div', {}, unit.block === null ? 'in no block yet' : `block ${unit.block}`),
    )
    const left = Math.min(Math.max(4, x - tip.offsetWidth / 2), w - tip.offsetWidth - 4)
    const above = y - tip.offsetHeight - 14
    tip.style.transform = `translate(${left}px, ${above > 0 ? above : y + 14}px)`
  }

  function nearest(event: PointerEvent | MouseEvent): Unit | undefined {
    const box = canvas.getBoundingClientRect()
    const [x, y] = [event.clientX - box.left, event.clientY - box.top]
    let best: Unit | undefined
    let bestDistance = REACH
    for (const one of places) {
      const distance = Math.hypot(one.x - x, one.y - y)
      if (distance < bestDistance) [best, bestDistance] = [one.unit, distance]
    }
    return best
  }

  function select(unit: Unit): void {
    selected = unit.id
    held = true
    const { x } = place(unit)
    if (x < LEFT) right -= (LEFT - x) / COLUMN_WIDTH
    if (x > width() - 10) right += (x - width() + 10) / COLUMN_WIDTH
    onSelect(unit)
    schedule()
  }

  /** Goes on with the newest rounds. */
  function release(): void {
    selected = undefined
    hovered = undefined
    held = false
    schedule()
  }

  function move(columns: number, lanes: number): void {
    const from = selected === undefined ? undefined : dag.units.get(selected)
    if (!from) {
      const first = [...places].reverse().find(({ unit }) => unit.mainChain) ?? places.at(-1)
      if (first) select(first.unit)
      return
    }
    if (lanes !== 0) {
      const round = [...dag.columns.get(dag.columnOf(from))!.units].sort(
        (a, b) => dag.authors.indexOf(a.author) - dag.authors.indexOf(b.author),
      )
      const next = round[round.findIndex(({ id }) => id === from.id) + lanes]
      if (next) select(next)
      return
    }
    for (let column = dag.columnOf(from) + columns; dag.columns.has(column); column += columns) {
      const next = dag.columns.get(column)!.units.find(({ author }) => author === from.author)
      if (next) {
        select(next)
        return
      }
    }
  }

  canvas.addEventListener('pointermove', (event) => {
    held = true
    hovered = nearest(event)?.id
    schedule()
  })
  canvas.addEventListener('pointerleave', () => {
    hovered = undefined
    held = selected !== undefined
    schedule()
  })
  canvas.addEventListener('click', (event) => {
    const unit = nearest(event)
    hovered = unit?.id
    if (unit) select(unit)
    else release()
  })
  follow.addEventListener('click', () => {
    release()
    canvas.focus()
  })
  element.addEventListener('focusout', ({ relatedTarget }) => {
    if (!element.contains(relatedTarget as Node | null)) release()
  })
  canvas.addEventListener('keydown', (event) => {
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    }
    const unit = selected === undefined ? undefined : dag.units.get(selected)
    const step = steps[event.key]
    if (step) move(...step)
    else if (event.key === 'Enter' && unit) onOpen(unit)
    else if (event.key === 'Escape') release()
    else return
    event.preventDefault()
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener(
    'change',
    () => {
      colours = readColours()
      schedule()
    },
    { signal },
  )
  const resize = new ResizeObserver(schedule)
  resize.observe(element)
  signal.addEventListener('abort', () => resize.disconnect())

  return { element, firstColumn, update: schedule }
}

function readColours() {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return {
    card: colour('card'),
    text: colour('text'),
    muted: colour('muted'),
    line: colour('line'),
    edge: colour('edge'),
    open: colour('open'),
    final: colour('final'),
    main: colour('main'),
    bad: colour('bad'),
  }
}
