/** A picture as SVG, or as an HTML page around it. */
import { type Picture, type PictureSource, type PictureUnit, pictureOf } from './picture.ts'

const COLUMN = 92
const ROW = 62
const RADIUS = 18
const MARGIN = 50
/** Fills of zone classes, again from the first after the last; legible under black text. */
const ZONES = ['#cfe8ff', '#ffe3b3', '#d8f5c8', '#f3d1f4', '#ffd6cc', '#d5f0ee', '#eee6a8', '#e0dcff']
const CONFLICT = { won: '#1a7f37', lost: '#cf222e', open: '#bf8700' }

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}

const x = (unit: PictureUnit) => MARGIN + unit.height * COLUMN
const y = (unit: PictureUnit) => MARGIN + unit.row * ROW

function describe(unit: PictureUnit): string {
  const parts = [unit.name, `height ${unit.height}`]
  if (unit.round !== undefined) parts.push(`round ${unit.round}`)
  parts.push(unit.mci === undefined ? 'not indexed' : `index ${unit.mci}`)
  if (unit.isLeader) parts.push('committed leader')
  if (unit.zone !== undefined) parts.push(`zone ${unit.zone}`)
  if (unit.conflict) parts.push(`conflict: ${unit.conflict}`)
  return `${parts.join(', ')}\n${unit.id}`
}

function edge(child: PictureUnit, parent: PictureUnit): string {
  const isChain = child.isMain && parent.isMain && child.mci === (parent.mci ?? -2) + 1
  const style = isChain ? 'stroke="#0a58ca" stroke-width="3.5"' : 'stroke="#9aa4b2" stroke-width="1.1"'
  return `<line x1="${x(child) - RADIUS}" y1="${y(child)}" x2="${x(parent) + RADIUS}" y2="${y(parent)}" ${style}/>`
}

function node(unit: PictureUnit): string {
  const fill = unit.zone === undefined ? '#ffffff' : ZONES[unit.zone % ZONES.length]!
  const stroke = unit.conflict ? CONFLICT[unit.conflict] : unit.isMain ? '#0a58ca' : '#57606a'
  const width = unit.isMain || unit.conflict ? 3 : 1.5
  const shape =
    unit.round === undefined
      ? `<rect x="${-RADIUS}" y="${-RADIUS + 3}" width="${2 * RADIUS}" height="${2 * RADIUS - 6}" rx="4"`
      : `<circle r="${RADIUS}"`
  const ring = unit.isLeader ? `<circle r="${RADIUS + 4}" fill="none" stroke="#0a58ca" stroke-width="1.2"/>` : ''
  const index = unit.mci === undefined ? '' : `<text y="${RADIUS + 14}" class="i">${unit.mci}</text>`
  const label = unit.name.length > 6 ? `${unit.name.slice(0, 5)}…` : unit.name
  return (
    `<g transform="translate(${x(unit)} ${y(unit)})"><title>${escapeText(describe(unit))}</title>${ring}` +
    `${shape} fill="${fill}" stroke="${stroke}" stroke-width="${width}"/><text y="4">${escapeText(label)}</text>${index}</g>`
  )
}

/** Draws a laid out ledger. */
export function drawSvg(picture: Picture): string {
  const width = 2 * MARGIN + (picture.columns - 1) * COLUMN
  const height = 2 * MARGIN + (picture.rows - 1) * ROW
  const byId = new Map(picture.units.map((unit) => [unit.id, unit]))
  const edges = picture.units.flatMap((unit) => unit.parents.map((parent) => edge(unit, byId.get(parent)!)))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    '<style>text{font:12px sans-serif;text-anchor:middle;fill:#1f2328}.i{font-size:10px;fill:#0a58ca}</style>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...edges,
    ...picture.units.map(node),
    '</svg>',
    '',
  ].join('\n')
}

/** Draws a ledger as SVG: circles are validator units, boxes user units; blue the main chain, small numbers indices, a green, red or
 * amber rim a conflict won, lost or open; fills are zone classes. */
export function ledgerSvg(source: PictureSource): string {
  return drawSvg(pictureOf(source))
}

/** The picture in a page of its own, with a table of the order. Needs no script and no network. */
export function ledgerHtml(source: PictureSource, title: string): string {
  const picture = pictureOf(source)
  const order = picture.units
    .filter(({ mci }) => mci !== undefined)
    .sort((a, b) => a.mci! - b.mci! || a.height - b.height || (a.id < b.id ? -1 : 1))
  const row = (unit: PictureUnit) =>
    `<tr><td>${unit.mci}</td><td>${unit.height}</td><td>${escapeText(unit.name)}</td><td>${unit.conflict ?? ''}</td><td><code>${unit.id}</code></td></tr>`
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${escapeText(title)}</title>`,
    '<style>body{font:14px sans-serif;margin:24px}div{overflow:auto;border:1px solid #d0d7de}table{border-collapse:collapse;margin-top:24px}',
    'td,th{padding:2px 10px;text-align:left;border-bottom:1px solid #eaeef2}</style></head><body>',
    `<h1>${escapeText(title)}</h1><div>`,
    drawSvg(picture),
    '</div><table><tr><th>index</th><th>height</th><th>unit</th><th>conflict</th><th>id</th></tr>',
    ...order.map(row),
    '</table></body></html>',
    '',
  ].join('\n')
}
