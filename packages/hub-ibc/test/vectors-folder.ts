import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The folder of the full public vector sets; absent in a fresh clone. */
const folder = process.env.ZOS_VECTORS ?? fileURLToPath(new URL('../../../../shared/vectors/', import.meta.url))

/** Whether the set is there; tests skip with this as the reason where it is not. */
export const hasVectors = (set: string): boolean => existsSync(`${folder}/${set}`)

export const vectorsPath = (path: string): string => `${folder}/${path}`

export const readVector = (path: string): any => JSON.parse(readFileSync(`${folder}/${path}`, 'utf8'))
