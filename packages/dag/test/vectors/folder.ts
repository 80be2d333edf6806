/** Where the full public vector sets are; tests of theirs skip when the folder is not there. */
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const folder = process.env.ZOS_VECTORS ?? new URL('../../../../../shared/vectors', import.meta.url).pathname

export function vectorFile(path: string): string {
  return `${folder}/${path}`
}

export function hasVectors(path: string): boolean {
  return existsSync(vectorFile(path))
}

export function readVector(path: string): string {
  const bytes = readFileSync(vectorFile(path))
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
}
