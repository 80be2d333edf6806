/** Pages that the gateway makes: listings of directories, and previews of documents. */
import type { Entry } from '../content/directory.ts'
import type { Target } from './http.ts'

/** Part of the ETag of pages: to be changed when they look otherwise. */
export const PAGES_VERSION = '1'

/** A page that lists a directory. */
export function directoryPage(target: Target, entries: readonly Entry[]): string {
  const { segments, links } = target
  const here = `${links.entries}${segments.map((segment) => `/${encodeURIComponent(segment)}`).join('')}`
  const rows = entries.map(({ name, cid, dagSize }) => {
    const href = `${here}/${encodeURIComponent(name)}`
    const content =
      links.gateway === undefined
        ? `href="https://cid.ipfs.tech/#${cid}" target="_blank" rel="noreferrer noopener"`
        : `href="${html(links.gateway)}/ipfs/${cid}?filename=${encodeURIComponent(name)}"`
    return `<tr><td><a href="${html(href)}">${html(name)}</a></td><td>${dagSize}</td><td><a class="ipfs-hash" translate="no" ${content}>${cid}</a></td></tr>`
  })
  const back = segments.length === 0 ? '' : `<tr><td><a href="${html(here)}/..">..</a></td><td></td><td></td></tr>\n`
  return page(
    `Index of ${html(readable(target))}`,
    `Index of ${breadcrumbs(target)}`,
    `<table>\n${back}${rows.join('\n')}\n</table>`,
  )
}

/** A page that shows a document as JSON. */
export function documentPage(target: Target, json: string): string {
  return page(html(readable(target)), breadcrumbs(target), `<pre>${html(json)}</pre>`)
}

function page(title: string, heading: string, body: string): string {
  return `<!doctype html><html><head><meta charset="utf-8"><title>${title}</title></head><body><h1>${heading}</h1>\n${body}\n</body></html>\n`
}

/** The path with a link at every step. */
function breadcrumbs({ contentPath, segments, links }: Target): string {
  const [, namespace, root] = contentPath.split('/')
  const base = links.gateway === undefined ? `//${root}` : `${links.gateway}/${namespace}/${root}`
  let at = html(base)
  const top = `/${namespace}/<a href="${at}${links.gateway === undefined ? '/' : ''}">${html(root ?? '')}</a>`
  const steps = segments.map((segment) => {
    at += `/${encodeURIComponent(segment)}`
    return `/<a href="${at}">${html(segment)}</a>`
  })
  return top + steps.join('')
}

function readable({ contentPath, segments }: Target): string {
  const [, namespace, root] = contentPath.split('/')
  return ['', namespace, root, ...segments].join('/')
}

function html(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}
