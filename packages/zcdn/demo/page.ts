/// <reference lib="dom" />
// The page asks for one URL; the service worker fetches it from all nodes and tells who sent each leaf. Open it as
// index.html?root=<root>&size=<bytes>&node=<url>&node=<url>
import type { LeafEvent } from '../src/index.ts'

const query = new URL(location.href).searchParams
const root = query.get('root') ?? ''
const size = Number(query.get('size'))
const nodes = query.getAll('node')
const state = document.querySelector<HTMLElement>('#state')!
const canvas = document.querySelector<HTMLCanvasElement>('#map')!
const list = document.querySelector<HTMLElement>('#sources')!
const context = canvas.getContext('2d')!
const colours = ['#d1495b', '#00798c', '#edae49', '#30638e', '#6a994e', '#8e5572', '#bc6c25', '#3d405b']
const bytesBy = new Map<string, number>()
const colourOf = (source: string) => colours[[...bytesBy.keys()].indexOf(source) % colours.length]!

function draw(leaf: LeafEvent): void {
  bytesBy.set(leaf.source, (bytesBy.get(leaf.source) ?? 0) + leaf.end - leaf.start)
  const cells = canvas.width * canvas.height
  context.fillStyle = colourOf(leaf.source)
  const first = Math.floor((leaf.start / size) * cells)
  const last = Math.max(first + 1, Math.floor((leaf.end / size) * cells))
  for (let cell = first; cell < last; cell++)
    context.fillRect(cell % canvas.width, Math.floor(cell / canvas.width), 1, 1)
  list.replaceChildren(
    ...[...bytesBy].map(([source, bytes]) => {
      const item = document.createElement('li')
      item.style.setProperty('--colour', colourOf(source))
      item.textContent = `${source}: ${(bytes / 1e6).toFixed(2)} MB`
      return item
    }),
  )
}

async function load(): Promise<void> {
  bytesBy.clear()
  context.clearRect(0, 0, canvas.width, canvas.height)
  state.textContent = 'loading'
  const start = performance.now()
  const from = nodes.map((node) => `node=${encodeURIComponent(node)}`).join('&')
  const response = await fetch(`/zcdn/${root}?${from}`)
  const bytes = new Uint8Array(await response.arrayBuffer())
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const ms = performance.now() - start
  // What tells of leaves comes as messages: let the last ones arrive.
  await new Promise((resolve) => setTimeout(resolve, 50))
  document.body.dataset.sources = JSON.stringify([...bytesBy])
  document.body.dataset.sha256 = hex
  state.textContent = `done: ${(bytes.length / 1e6).toFixed(2)} MB in ${(ms / 1000).toFixed(2)} s`
}

navigator.serviceWorker.addEventListener('message', ({ data }) => {
  if (data.root === root) draw(data.leaf)
})
document.querySelector('#again')!.addEventListener('click', () => void load())
try {
  await navigator.serviceWorker.register('./dist/worker.js', { scope: '/', type: 'module' })
  await navigator.serviceWorker.ready
  if (!navigator.serviceWorker.controller) {
    await new Promise((resolve) =>
      navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
    )
  }
  await load()
} catch (error) {
  state.textContent = `failed: ${error instanceof Error ? error.message : error}`
}
