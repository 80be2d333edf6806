/** What every part of the page is given. */
import type { World } from './world.ts'

/** One reading of the player's own things. */
export interface Self {
  readonly joined: boolean
  readonly name: string
  readonly level: number
  readonly xp: number
  readonly health: number
  readonly energy: number
  readonly points: number
  readonly x: number
  readonly y: number
  readonly gold: bigint
  /** How many of each item, by id. */
  readonly items: readonly bigint[]
  readonly season: number
  readonly score: bigint
}

export interface Page {
  readonly world: World
  readonly self: Self
  /** A button that does something on the chain, tells how it went, and draws anew. */
  button(
    text: string,
    act: () => Promise<unknown>,
    options?: { quiet?: boolean; disabled?: boolean },
  ): HTMLButtonElement
  /** Draws anew without an action. */
  redraw(): void
}

/** A part of the page. */
export type Part = (page: Page) => Promise<Node[]>
