import type { ContentMap } from '../../src/content/content-map.ts'
import { describe } from '../../src/content/content-map.ts'
import { seeded } from '../seeded.ts'

/** Random bytes from a seed, and their map. */
export async function randomContent(
  bytes: number,
  leafBytes = 65_536,
  seed = 1,
): Promise<{ content: Uint8Array; map: ContentMap }> {
  const random = seeded(seed)
  const words = new Uint32Array(Math.ceil(bytes / 4))
  for (let i = 0; i < words.length; i++) words[i] = random() * 2 ** 32
  const content = new Uint8Array(words.buffer, 0, bytes)
  const { map } = await describe([content], { leafBytes })
  return { content, map }
}
