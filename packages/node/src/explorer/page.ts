/** The block explorer: one page without a request to anywhere but this node. Its source is in `web/`; the build puts it together. */
import { html, scriptHash, styleHash } from './generated/page.ts'

export const explorerBody: string = html

/** Nothing runs or loads but the script and the style of the page itself (CSP Level 3); it talks to its own origin alone. */
export const explorerHeaders: Record<string, string> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'",
    `script-src '${scriptHash}'`,
    `style-src '${styleHash}'`,
    'img-src data:',
    "connect-src 'self' ws: wss:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
}
