/** A result that is JSON already: what it was made from is not needed, and often it is sent again. */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** The result as a program in the same process wants it. */
  toJSON(): unknown {
    return JSON.parse(this.text)
  }
}

/** `value` as JSON; what has none, such as undefined, is null. */
export function jsonOf(value: unknown): string {
  return value instanceof JsonText ? value.text : (JSON.stringify(value) ?? 'null')
}
